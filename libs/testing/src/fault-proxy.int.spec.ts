import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FaultProxy } from './fault-proxy.js';

let server: Server;
let serverSide: Socket[];
let received: string;
let proxy: FaultProxy;

/** The server echoes; what it got is in `received`. */
beforeEach(async () => {
  serverSide = [];
  received = '';
  server = createServer({ allowHalfOpen: true }, (socket) => {
    serverSide.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      socket.write(bytes);
    });
    socket.on('end', () => socket.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await FaultProxy.start((server.address() as AddressInfo).port);
});

afterEach(async () => {
  await proxy.close();
  for (const socket of serverSide) socket.destroy();
  server.close();
});

async function dial(): Promise<{ socket: Socket; text: () => string; until: typeof until }> {
  const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  let text = '';
  socket.on('data', (bytes) => (text += bytes.toString('latin1')));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  /** Resolves when that many bytes came back. */
  async function until(length: number): Promise<string> {
    while (text.length < length) await once(socket, 'data');
    return text;
  }
  return { socket, text: () => text, until };
}

describe('fault proxy', () => {
  it('passes bytes and ends unchanged when healthy', async () => {
    const { socket, until, text } = await dial();
    const large = 'x'.repeat(3_000_000);
    socket.end(large);
    await Promise.all([until(large.length), once(socket, 'end')]);
    expect(text()).toBe(large);
    expect(proxy.connections).toBe(1);
  });

  it('resets both ends after the given byte', async () => {
    proxy.set('toClient', { resetAfterBytes: 3 });
    const { socket, text } = await dial();
    socket.write('abcdef');
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
    expect(text()).toBe('abc');
  });

  it('goes silent after the given byte and delivers the rest when healed', async () => {
    proxy.set('toClient', { blackholeAfterBytes: 2 });
    const { socket, until, text } = await dial();
    socket.write('abcdef');
    await until(2);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(text()).toBe('ab');
    proxy.heal();
    expect(await until(6)).toBe('abcdef');
    socket.destroy();
  });

  it('half-closes: the receiver sees an end while the other direction lives', async () => {
    proxy.set('toClient', { endAfterBytes: 4 });
    const { socket, text } = await dial();
    socket.write('abcdef');
    await once(socket, 'end');
    expect(text()).toBe('abcd');
    socket.write('more');
    const serverSocket = serverSide[0];
    if (serverSocket === undefined) throw new Error('no connection');
    while (!received.endsWith('more')) await once(serverSocket, 'data');
    socket.destroy();
  });

  it('corrupts exactly one byte', async () => {
    proxy.set('toServer', { corruptByteAt: 1 });
    const { socket, until } = await dial();
    socket.write('abc');
    expect(await until(3)).toBe(`a${String.fromCharCode(~'b'.charCodeAt(0) & 0xff)}c`);
    socket.destroy();
  });

  it('delays without lowering the rate', async () => {
    proxy.set('toClient', { latencyMs: 60 });
    const { socket, until } = await dial();
    const startedMs = performance.now();
    for (let index = 0; index < 20; index += 1) socket.write(`${index % 10}`);
    await until(20);
    const elapsedMs = performance.now() - startedMs;
    expect(elapsedMs).toBeGreaterThanOrEqual(59);
    expect(elapsedMs).toBeLessThan(600);
    socket.destroy();
  });

  it('holds the bandwidth', async () => {
    proxy.set('toClient', { bytesPerSecond: 10_000 });
    const { socket, until } = await dial();
    const startedMs = performance.now();
    socket.write('x'.repeat(2000));
    await until(2000);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(180);
    socket.destroy();
  });

  it('silences one connection and heals it', async () => {
    const [first, second] = [await dial(), await dial()];
    first.socket.write('a');
    await first.until(1);
    proxy.silence(serverSide[0]?.remotePort ?? 0);
    first.socket.write('b');
    second.socket.write('c');
    expect(await second.until(1)).toBe('c');
    expect(first.text()).toBe('a');
    proxy.heal();
    expect(await first.until(2)).toBe('ab');
    first.socket.destroy();
    second.socket.destroy();
  });

  it('resets open connections on command and takes new ones', async () => {
    const first = await dial();
    first.socket.write('a');
    await first.until(1);
    proxy.resetAll();
    await once(first.socket, 'error');
    const second = await dial();
    second.socket.write('b');
    expect(await second.until(1)).toBe('b');
    second.socket.destroy();
  });
});
