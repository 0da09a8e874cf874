/** The HTTP source over a real socket, against a small server in the place of config-center. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConfigSource } from './config-source.port.js';
import { createHttpConfigSource } from './http-config.source.js';

const FEED = { type: 'full', epoch: 'epoch-one', revision: 7, changes: [] };
const signal = new AbortController().signal;

let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let source: ConfigSource;
let requests: IncomingMessage[];

const json =
  (body: unknown, status = 200) =>
  (_request: unknown, response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

beforeEach(async () => {
  requests = [];
  server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  source = createHttpConfigSource({
    baseUrl: `http://127.0.0.1:${port}`,
    credential: 'gateway-credential',
    bounds: { maxBytes: 2_000, maxChanges: 2 },
    stallMs: 300,
  });
});

afterEach(async () => {
  await source.close();
  server.closeAllConnections();
  server.close();
});

describe('HTTP configuration source', () => {
  it.each([
    ['a refused credential', json({}, 401), 'answered 401'],
    ['something else than a feed', json({ hello: 'world' }), 'feed'],
    ['an invalid change', json({ ...FEED, changes: [{ kind: 'rule' }] }), 'feed'],
    ['too many changes', json({ ...FEED, changes: [1, 2, 3] }), 'too many'],
    ['too many bytes', json({ ...FEED, more: 'x'.repeat(3_000) }), 'more than 2000 bytes'],
    ['half a body', (_: unknown, response: ServerResponse) => response.end('{"type":'), 'JSON'],
  ])('rejects %s', async (_what, respond, reason) => {
    answer = respond;
    await expect(source.changesSince(null, signal)).rejects.toThrow(reason);
  });

  it('rejects when the server is frozen and the caller gives up', async () => {
    answer = () => undefined;
    await expect(source.head(AbortSignal.timeout(50))).rejects.toThrow();
  });

  it('asks for what it lacks and shows its credential', async () => {
    answer = json(FEED);
    expect(await source.changesSince({ epoch: 'epoch one', revision: 3 }, signal)).toEqual(FEED);
    await source.changesSince(null, signal);
    expect(await source.head(signal)).toEqual({ epoch: 'epoch-one', revision: 7 });
    expect(requests.map((request) => [request.url, request.headers.authorization])).toEqual(
      [
        '/api/v1/feed/changes?epoch=epoch%20one&revision=3',
        '/api/v1/feed/changes',
        '/api/v1/feed/head',
      ].map((path) => [path, 'Bearer gateway-credential']),
    );
  });

  it('wakes when the stream opens and at each change, and reconnects when it breaks', async () => {
    const wakes: string[] = [];
    const third = Promise.withResolvers<unknown>();
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': beat\n\ndata: {"epoch":"epoch-one","revision":8}\n\n', () =>
        setImmediate(() => response.destroy()),
      );
    };
    source.subscribe(() => {
      wakes.push('wake');
      if (wakes.length === 4) third.resolve(null);
    });
    await third.promise;
    expect(requests.length).toBe(2);
  });

  it('gives up a stream that went silent', async () => {
    const second = Promise.withResolvers<unknown>();
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': beat\n\n');
      if (requests.length === 2) second.resolve(null);
    };
    source.subscribe(() => undefined);
    await second.promise;
  });
});
