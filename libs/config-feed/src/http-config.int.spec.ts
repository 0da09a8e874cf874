/** The HTTP source over a real socket, against a small server in the place of config-center. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FaultProxy } from '@ai-gateway/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConfigSource } from './config-source.port.js';
import { createHttpConfigSource } from './http-config.source.js';

const ENVELOPE = { type: 'full', epoch: 'epoch-one', revision: 7 };
const CHANGE = { kind: 'rule', id: 1, revision: 7, value: null };
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

const linesOf = (...lines: object[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

const ndjson =
  (...lines: object[]) =>
  (_request: unknown, response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' }).end(linesOf(...lines));
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
    ['an invalid change', ndjson(ENVELOPE, { kind: 'rule' }, { end: 1 }), 'feed'],
    ['too many changes', ndjson(ENVELOPE, CHANGE, CHANGE, CHANGE, { end: 3 }), 'too many'],
    ['too many bytes', ndjson({ ...ENVELOPE, more: 'x'.repeat(3_000) }), 'more than 2000 bytes'],
    ['half a line', (_: unknown, response: ServerResponse) => response.end('{"type":'), 'JSON'],
    ['a feed without its end', ndjson(ENVELOPE, CHANGE), 'cut off'],
    ['a feed that lacks a line', ndjson(ENVELOPE, CHANGE, { end: 2 }), 'not whole'],
    ['lines after the end', ndjson(ENVELOPE, { end: 0 }, CHANGE), 'feed'],
  ])('rejects %s', async (_what, respond, reason) => {
    answer = respond;
    await expect(source.changesSince(null, signal)).rejects.toThrow(reason);
  });

  it('decodes lines wherever the network cut them, also within a character', async () => {
    const value = { name: '渠道 🚀' };
    const bytes = Buffer.from(linesOf(ENVELOPE, { ...CHANGE, value }, { end: 1 }));
    answer = (_request, response) => {
      response.writeHead(200);
      const write = (at: number): void => {
        if (at === bytes.length) response.end();
        else response.write(bytes.subarray(at, at + 1), () => write(at + 1));
      };
      write(0);
    };
    const feed = await source.changesSince(null, signal);
    expect(feed.changes).toEqual([{ ...CHANGE, value }]);
  });

  it('reads the past, and knows when it is not kept', async () => {
    answer = ndjson(ENVELOPE, CHANGE, { end: 1 });
    const feed = await source.contentAt?.(7, signal);
    expect(feed).toEqual({ ...ENVELOPE, changes: [CHANGE] });
    answer = json({}, 404);
    expect(await source.contentAt?.(3, signal)).toBeNull();
    expect(requests.map(({ url }) => url)).toEqual(['/api/v1/feed/at/7', '/api/v1/feed/at/3']);
  });

  it('rejects when the server is frozen and the caller gives up', async () => {
    answer = () => undefined;
    await expect(source.head(AbortSignal.timeout(50))).rejects.toThrow();
  });

  it('asks for what it lacks and shows its credential', async () => {
    answer = ndjson(ENVELOPE, { end: 0 });
    const feed = await source.changesSince({ epoch: 'epoch one', revision: 3 }, signal);
    expect(feed).toEqual({ ...ENVELOPE, changes: [] });
    await source.changesSince(null, signal);
    answer = json(ENVELOPE);
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

  it('notices within three seconds that a stream went silent half-open, and opens another', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {}\n\n');
      const timer = setInterval(() => response.write(': alive\n\n'), 1_000);
      response.once('close', () => clearInterval(timer));
    };
    const proxy = await FaultProxy.start((server.address() as AddressInfo).port);
    const baseUrl = `http://127.0.0.1:${proxy.port}`;
    const proxied = createHttpConfigSource({ baseUrl, credential: 'gateway-credential' });
    let wake = Promise.withResolvers<undefined>();
    proxied.subscribe(() => wake.resolve(undefined));
    await wake.promise;
    proxy.blackhole();
    const begunMs = performance.now();
    while (proxy.connections === 1) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(performance.now() - begunMs).toBeLessThan(3_500);
    wake = Promise.withResolvers();
    proxy.heal();
    await wake.promise;
    await proxied.close();
    await proxy.close();
  });
});
