import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { sendRaw } from './raw-http.js';

let server: Server;

async function serve(onBytes: (text: string) => string | null): Promise<number> {
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      const answer = onBytes(bytes.toString('latin1'));
      if (answer === null) socket.resetAndDestroy();
      else if (answer !== '') socket.end(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

afterEach(() => void server.close());

describe('sendRaw', () => {
  it('collects every answer until the peer closes', async () => {
    const port = await serve(() => 'HTTP/1.1 200 OK\r\n\r\nokHTTP/1.1 400 Bad Request\r\n\r\n');
    const reply = await sendRaw(port, ['GET / HTTP/1.1\r\n', '\r\n']);
    expect(reply).toMatchObject({ statuses: [200, 400], ending: 'closed' });
    expect(reply.text).toContain('okHTTP');
  });

  it('tells a reset and silence apart', async () => {
    const port = await serve((text) => (text.startsWith('reset') ? null : ''));
    expect((await sendRaw(port, 'reset')).ending).toBe('reset');
    expect((await sendRaw(port, 'wait', { timeoutMs: 50 })).ending).toBe('silent');
  });
});
