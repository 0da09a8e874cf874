import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FaultProxyClient, FaultProxyControl, type FaultCommand } from './fault-proxy.control.js';
import { FaultProxy } from './fault-proxy.js';

let server: Server;
let control: FaultProxyControl;
let client: FaultProxyClient;
let proxy: FaultProxy;
let serverSide: Socket[];
let socket: Socket;
let text: string;

/** The server echoes and answers an end with the word `ended`. */
beforeEach(async () => {
  serverSide = [];
  text = '';
  server = createServer({ allowHalfOpen: true }, (peer) => {
    serverSide.push(peer);
    peer.on('error', () => undefined);
    peer.on('data', (bytes) => peer.write(bytes));
    peer.on('end', () => peer.write('ended'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await FaultProxy.start((server.address() as AddressInfo).port);
  control = await FaultProxyControl.start(proxy);
  client = await FaultProxyClient.connect(control.port);
  socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('data', (bytes) => (text += bytes.toString('latin1')));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
});

afterEach(async () => {
  client.disconnect();
  socket.destroy();
  await control.close();
  await proxy.close().catch(() => undefined);
  for (const peer of serverSide) peer.destroy();
  server.close();
});

async function until(length: number): Promise<string> {
  while (text.length < length) await once(socket, 'data');
  return text;
}

describe('the control socket of a fault proxy', () => {
  it('answers what it does not understand and stays open', async () => {
    const wrong = [
      { do: 'dance' },
      { do: 'set', direction: 'sideways', faults: {} },
      { do: 'set', direction: 'toClient', faults: { latency: 1 } },
      { do: 'set', direction: 'toClient', faults: { latencyMs: '1' } },
      { do: 'set', direction: 'toClient', faults: { latencyMs: -1 } },
    ] as unknown as FaultCommand[];
    for (const command of wrong) await expect(client.send(command)).rejects.toThrow();
    expect((await client.stats()).faults.toClient).toEqual({});
  });

  it('delays', async () => {
    await client.set('toClient', { latencyMs: 60 });
    const startedMs = performance.now();
    socket.write('abc');
    await until(3);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(59);
  });

  it('holds a bandwidth', async () => {
    await client.set('toServer', { bytesPerSecond: 10_000 });
    const startedMs = performance.now();
    socket.write('x'.repeat(2000));
    await until(2000);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(180);
  });

  it('silences and heals open connections, and loses no byte', async () => {
    await client.blackhole();
    socket.write('abc');
    const { passedBytes } = await client.stats();
    expect(passedBytes).toEqual({ toServer: 0, toClient: 0 });
    await client.heal();
    expect(await until(3)).toBe('abc');
  });

  it('resets', async () => {
    socket.write('a');
    await until(1);
    const failed = new Promise<NodeJS.ErrnoException>((resolve) => socket.once('error', resolve));
    await client.resetAll();
    expect((await failed).code).toBe('ECONNRESET');
  });

  it('half-closes towards the server while answers go on', async () => {
    await client.set('toServer', { endAfterBytes: 2 });
    socket.write('abcd');
    expect(await until(7)).toBe('abended');
  });

  it('corrupts one byte', async () => {
    await client.set('toClient', { corruptByteAt: 1 });
    socket.write('abc');
    expect(await until(3)).toBe(`a${String.fromCharCode(~'b'.charCodeAt(0) & 0xff)}c`);
  });

  it('counts connections and bytes', async () => {
    socket.write('abc');
    await until(3);
    const { accepted, open, passedBytes } = await client.stats();
    expect({ accepted, open, passedBytes }).toEqual({
      accepted: 1,
      open: 1,
      passedBytes: { toServer: 3, toClient: 3 },
    });
  });

  it('ends the proxy on command', async () => {
    const { port } = control;
    socket.write('a');
    await until(1);
    const ended = once(socket.resume(), 'end');
    await client.closeProxy();
    await Promise.all([ended, control.closed()]);
    await expect(FaultProxyClient.connect(port)).rejects.toThrow();
  });
});

describe('a fault proxy as a process', () => {
  it('says where it listens, obeys its control socket and ends with it', async () => {
    const main = fileURLToPath(new URL('../dist/fault-proxy.main.js', import.meta.url));
    const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const child = spawn(process.execPath, [main, '--target', target]);
    const exited = once(child, 'exit');
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const [listen, port] = [...line.matchAll(/=(\d+)/g)].map(([, digits]) => Number(digits));
    const remote = await FaultProxyClient.connect(port ?? 0);
    await remote.set('toClient', { resetAfterBytes: 2 });
    const through = connect({ port: listen ?? 0, host: '127.0.0.1' });
    through.write('abc');
    const [error] = (await once(through, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
    await remote.closeProxy();
    expect(await exited).toEqual([0, null]);
  });
});
