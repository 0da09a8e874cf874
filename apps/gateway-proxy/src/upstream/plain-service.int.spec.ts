import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  createApiKeyDigest,
  newApiKey,
  newMasterKeyText,
  parseMasterKey,
  sealSecret,
} from '@ai-gateway/node-runtime';
import {
  aMatcher,
  aNamespace,
  anApiKey,
  anUpstream,
  aRoute,
  aRule,
  aTarget,
  sendRaw,
} from '@ai-gateway/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startGateway, type Configuration, type RunningGateway } from '../gateway.fixture.js';
import { RawUpstream, ScriptedUpstream, answerChat, streamChunks } from '../upstream.fixture.js';

const masterText = newMasterKeyText();
const master = parseMasterKey(masterText);
const key = newApiKey();

let upstream: ScriptedUpstream;
let raw: RawUpstream;
let gateway: RunningGateway;
const sockets: Socket[] = [];

const SERVICE = {
  protocol: 'http' as const,
  timeouts: { connect_ms: 500, first_byte_ms: 200, idle_ms: 200 },
};

const configuration = (more: Configuration = {}): Configuration => ({
  namespace: [aNamespace(), aNamespace({ namespace_id: 2, namespace_code: 'alipay' })],
  matcher: [aMatcher()],
  upstream: [
    anUpstream({ upstream_id: 1, upstream_code: 'orders', ...SERVICE }),
    anUpstream({ upstream_id: 2, upstream_code: 'raw', ...SERVICE }),
    anUpstream({ upstream_id: 3, upstream_code: 'away', ...SERVICE }),
  ],
  target: [
    aTarget({ target_id: 1, upstream_id: 1, url: `${upstream.url}/base` }),
    aTarget({ target_id: 2, upstream_id: 2, url: raw.url }),
    aTarget({ target_id: 3, upstream_id: 3, url: 'http://127.0.0.1:1' }),
  ],
  route: [
    aRoute({ route_id: 1, name: 'orders', path: '/orders', upstream_id: 1 }),
    aRoute({ route_id: 2, name: 'stripped', path: '/strip', upstream_id: 1, strip_prefix: true }),
    aRoute({
      route_id: 3,
      name: 'rewritten',
      path: '/old/*',
      path_type: 'wildcard',
      upstream_id: 1,
      target_url: '/new/*',
    }),
    aRoute({ route_id: 4, name: 'closed', path: '/closed', upstream_id: 1, requires_auth: true }),
    aRoute({ route_id: 5, name: 'reads', path: '/reads', upstream_id: 1, methods: ['GET'] }),
    aRoute({ route_id: 6, name: 'raw', path: '/raw', upstream_id: 2 }),
    aRoute({ route_id: 7, name: 'away', path: '/away', upstream_id: 3 }),
  ],
  api_key: [anApiKey({ digest: createApiKeyDigest(master)(key), namespace_id: 2 })],
  ...more,
});

beforeAll(async () => {
  upstream = await ScriptedUpstream.start();
  raw = await RawUpstream.start();
  gateway = await startGateway(configuration(), { MASTER_KEY: masterText });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
  await raw.close();
});
beforeEach(async () => {
  upstream.next(answerChat());
  upstream.received.length = 0;
  await gateway.publish(configuration());
  gateway.log.length = 0;
});
/** Nothing may be left of a test's requests, neither here nor in the gateway. */
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await gateway.idle();
});

type Call = Omit<RequestInit, 'headers'> & { headers?: Record<string, string> };
const call = (path: string, init: Call = {}): Promise<Response> =>
  fetch(gateway.url + path, { ...init, headers: { channelcode: 'wechat', ...init.headers } });
const codeOf = async (response: Response): Promise<unknown> =>
  ((await response.json()) as { error: { code: string } }).error.code;
const lastRecord = async () => {
  await vi.waitFor(() => expect(gateway.records()).toHaveLength(1));
  return gateway.records()[0];
};

describe('a plain service that fails', () => {
  it('and cannot be connected to is a 502, never sent', async () => {
    const response = await call('/away');
    expect([response.status, await codeOf(response)]).toEqual([502, 'upstream_connect_error']);
    expect(await lastRecord()).toMatchObject({ end_state: 'never_sent', status_code: 502 });
  });

  it('and resets before it answers is a 502, not a timeout', async () => {
    raw.next((socket) => socket.resetAndDestroy());
    const response = await call('/raw');
    expect([response.status, await codeOf(response)]).toEqual([502, 'upstream_protocol_error']);
    expect(await lastRecord()).toMatchObject({ end_state: 'sent_no_byte' });
  });

  it('and says nothing is a 504, and its connection is closed', async () => {
    const gone = Promise.withResolvers<unknown>();
    raw.next((socket) => void socket.once('close', gone.resolve));
    const response = await call('/raw');
    expect([response.status, await codeOf(response)]).toEqual([504, 'F50400']);
    await gone.promise;
  });

  it('and falls silent within its answer has it cut, never ended', async () => {
    raw.next((socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'));
    const response = await call('/raw');
    await expect(response.text()).rejects.toThrow();
    expect(await lastRecord()).toMatchObject({ end_state: 'upstream_error', error_code: 'F50400' });
  });

  it('and falls silent within a stream ends it with an error event', async () => {
    upstream.next(streamChunks(['data: 1\n\n'], 'stall'));
    const text = await (await call('/orders')).text();
    expect(text).toMatch(/^data: 1\n\n/);
    expect(text).toContain('F50400');
  });

  it.each([
    ['no HTTP', 'NONSENSE\r\n\r\n'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc'],
    ['a head of 100 kB', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`],
    ['status 999', 'HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n'],
  ])('and answers with %s is a 502', async (_name, answer) => {
    raw.next((socket) => void socket.write(answer));
    const response = await call('/raw');
    expect([response.status, await codeOf(response)]).toEqual([502, 'upstream_protocol_error']);
  });
});

describe('a plain service', () => {
  it.each([
    ['/orders/7?x=1&y=%2F', '/base/orders/7?x=1&y=%2F'],
    ['/strip/7?x=1', '/base/7?x=1'],
    ['/old/a/b?x=1', '/base/new/a/b?x=1'],
  ])('gets %s as %s', async (path, url) => {
    await call(path);
    expect(upstream.last.url).toBe(url);
  });

  it.each(['HEAD', 'GET', 'DELETE', 'PUT'])('answers %s', async (method) => {
    upstream.next((_req, res) =>
      res
        .writeHead(200, {
          'content-length': 2,
          'set-cookie': ['a=1', 'b=2'],
          server: 'x',
          'x-gateway-error': 'y',
          'x-ratelimit-limit-requests': '9',
        })
        .end('ok'),
    );
    const response = await call('/orders', { method });
    expect(upstream.last.method).toBe(method);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(response.headers.get('content-length')).toBe('2');
    for (const name of ['server', 'x-gateway-error', 'x-ratelimit-limit-requests'])
      expect(response.headers.get(name)).toBeNull();
    expect(await response.text()).toBe(method === 'HEAD' ? '' : 'ok');
  });

  it.each([204, 304])('may answer %i, which has no body', async (status) => {
    upstream.next((_req, res) => res.writeHead(status).end());
    expect((await call('/orders')).status).toBe(status);
  });

  it('may redirect: the client follows or does not, the gateway never', async () => {
    upstream.next((_req, res) => res.writeHead(302, { location: 'http://internal/' }).end());
    const response = await call('/orders', { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([302, 'http://internal/']);
  });

  it('gets bodies of any kind as they are, compressed JSON too', async () => {
    const body = Buffer.from([0x1f, 0x8b, 0xff, 0x00]);
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    expect((await call('/orders', { method: 'POST', body, headers })).status).toBe(200);
    expect(upstream.last.body).toEqual(body);
  });

  it('gets JSON that is none as it is', async () => {
    const headers = { 'content-type': 'application/json' };
    expect((await call('/orders', { method: 'POST', body: '{oops', headers })).status).toBe(200);
    expect(upstream.last.body.toString()).toBe('{oops');
  });

  it('gets its own credential and none of the client', async () => {
    const credential = sealSecret(master, 'upstream_targets|credential|1', 'service-key');
    await gateway.publish(
      configuration({
        target: [aTarget({ target_id: 1, upstream_id: 1, url: upstream.url, credential })],
      }),
    );
    await call('/orders', { headers: { authorization: 'Bearer foreign', cookie: 'a=b' } });
    expect(upstream.last.headers).toMatchObject({ authorization: 'Bearer service-key' });
    expect(upstream.last.headers.cookie).toBeUndefined();
  });

  it('whose credential cannot be opened is not called', async () => {
    const credential = sealSecret(
      parseMasterKey(newMasterKeyText()),
      'upstream_targets|credential|1',
      'x',
    );
    await gateway.publish(
      configuration({
        target: [aTarget({ target_id: 1, upstream_id: 1, url: upstream.url, credential })],
      }),
    );
    expect((await call('/orders')).status).toBe(500);
    expect(upstream.received).toHaveLength(0);
  });

  it('at a forbidden address is not called', async () => {
    await gateway.publish(
      configuration({
        target: [aTarget({ target_id: 1, upstream_id: 1, url: 'http://169.254.169.254/' })],
      }),
    );
    expect(await codeOf(await call('/orders'))).toBe('upstream_connect_error');
  });

  it('takes only the methods of its route', async () => {
    expect((await call('/reads', { method: 'POST' })).status).toBe(405);
    expect((await call('/reads')).status).toBe(200);
  });

  it('is cancelled when its client leaves', async () => {
    const cancelled = Promise.withResolvers<unknown>();
    const arrived = Promise.withResolvers<unknown>();
    upstream.next((_req, res) => {
      res.once('close', cancelled.resolve);
      arrived.resolve(null);
    });
    const abort = new AbortController();
    const answer = call('/orders', { signal: abort.signal });
    await arrived.promise;
    abort.abort();
    await expect(answer).rejects.toThrow();
    await cancelled.promise;
    expect(await lastRecord()).toMatchObject({ end_state: 'client_gone' });
    expect(await gateway.metric('gateway_inflight_requests')).toBe(0);
  });
});

describe('a route that asks for a key', () => {
  const withKey = (headers: Record<string, string>) => fetch(`${gateway.url}/closed`, { headers });

  it.each([
    ['no key', {}, 401, 'invalid_api_key'],
    ['a foreign key', { authorization: 'Bearer sk-abc' }, 401, 'invalid_api_key'],
    ['an unknown key', { 'x-api-key': newApiKey() }, 401, 'invalid_api_key'],
    ['SQL', { 'x-api-key': "' OR '1'='1" }, 401, 'invalid_api_key'],
    ['a glob', { 'x-api-key': '*{}' }, 401, 'invalid_api_key'],
    ['a key of 8 kB', { 'x-api-key': 'k'.repeat(8000) }, 401, 'invalid_api_key'],
    [
      'two different keys',
      { authorization: `Bearer ${key}`, 'x-api-key': newApiKey() },
      401,
      'ambiguous_credentials',
    ],
    [
      'another namespace’s key',
      { 'x-api-key': key, channelcode: 'wechat' },
      403,
      'namespace_forbidden',
    ],
  ])('refuses %s', async (_name, headers, status, code) => {
    const response = await withKey(headers);
    expect([response.status, await codeOf(response)]).toEqual([status, code]);
    expect(upstream.received).toHaveLength(0);
  });

  it.each(['x-api-key', 'api-key', 'authorization'])(
    'takes one in %s, and its namespace',
    async (name) => {
      const response = await withKey({ [name]: name === 'authorization' ? `Bearer ${key}` : key });
      expect(response.status).toBe(200);
      expect(await lastRecord()).toMatchObject({ namespace_id: 2, api_key_id: 1 });
      expect(JSON.stringify(gateway.log)).not.toContain(key);
      expect(JSON.stringify(upstream.last.headers)).not.toContain(key);
    },
  );

  it('takes the same key in two fields, but not a repeated field', async () => {
    expect((await withKey({ authorization: `Bearer ${key}`, 'x-api-key': key })).status).toBe(200);
    const twice = `GET /closed HTTP/1.1\r\nHost: g\r\nx-api-key: ${key}\r\nx-api-key: ${key}\r\nConnection: close\r\n\r\n`;
    const { text } = await sendRaw(gateway.port, twice);
    expect(text).toContain('ambiguous_credentials');
  });

  it('refuses an expired key', async () => {
    const expired = anApiKey({
      digest: createApiKeyDigest(master)(key),
      expires_at: '2020-01-01T00:00:00.000Z',
    });
    await gateway.publish(configuration({ api_key: [expired] }));
    expect((await withKey({ 'x-api-key': key })).status).toBe(401);
  });

  it('answers 401 before it says anything of the path', async () => {
    const closed = await startGateway(configuration(), {
      MASTER_KEY: masterText,
      GATEWAY_ALLOW_ANONYMOUS: 'false',
    });
    const { statuses } = await sendRaw(
      closed.port,
      'GET /%2e%2e/x HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n',
    );
    await closed.close();
    expect(statuses).toEqual([401]);
  });
});

describe('a WebSocket', () => {
  const HANDSHAKE =
    'Host: g\r\nchannelcode: wechat\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\nSec-WebSocket-Version: 13\r\n';

  async function open(path: string): Promise<{ socket: Socket; text: () => string }> {
    const socket = connect(gateway.port, '127.0.0.1');
    sockets.push(socket);
    let text = '';
    socket.on('data', (bytes) => (text += bytes.toString('latin1')));
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(`GET ${path} HTTP/1.1\r\n${HANDSHAKE}\r\n`);
    return { socket, text: () => text };
  }
  const acceptAndEcho = (socket: Socket, head: string): void => {
    expect(head).toMatch(/upgrade: websocket/i);
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    socket.on('data', (bytes) => socket.write(bytes));
  };
  const oneConnection = aRule({
    rule_type: 'connection_limit',
    rule_config: { max_connections: 1 },
  });

  it('passes bytes both ways, holds its lease while it lasts, and gives it back', async () => {
    await gateway.publish(configuration({ rule: [oneConnection] }));
    raw.next(acceptAndEcho);
    const first = await open('/raw');
    await vi.waitFor(() => expect(first.text()).toContain('101'));
    first.socket.write('ping');
    await vi.waitFor(() => expect(first.text()).toMatch(/ping$/));
    const second = await open('/raw');
    await once(second.socket, 'close');
    expect(second.text()).toMatch(/^HTTP\/1\.1 429/);
    first.socket.destroy();
    await vi.waitFor(() => expect(gateway.records()).toHaveLength(2));
    const third = await open('/raw');
    await vi.waitFor(() => expect(third.text()).toContain('101'));
  });

  it.each([
    ['/away', 502, 'upstream_connect_error'],
    ['/v1/models', 426, 'upgrade_required'],
    ['/nowhere', 404, 'F40400'],
    ['/closed', 401, 'invalid_api_key'],
  ])('to %s is refused with %i in our envelope', async (path, status, code) => {
    const { socket, text } = await open(path);
    await once(socket, 'close');
    expect(text()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(text()).toContain(code);
    expect(await lastRecord()).toMatchObject({ status_code: status });
  });

  it('whose service does not answer is a 504', async () => {
    raw.next(() => undefined);
    const { socket, text } = await open('/raw');
    await once(socket, 'close');
    expect(text()).toMatch(/^HTTP\/1\.1 504/);
  });

  it('that the service refuses carries the service’s answer', async () => {
    raw.next(
      (socket) =>
        void socket.write(
          'HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno',
        ),
    );
    const { socket, text } = await open('/raw');
    await once(socket, 'close');
    expect(text()).toMatch(/^HTTP\/1\.1 403[^]*no$/);
    expect(await lastRecord()).toMatchObject({ status_code: 403 });
  });

  it('whose service resets ends, and the record says so', async () => {
    raw.next((socket) => {
      acceptAndEcho(socket, 'upgrade: websocket');
      setImmediate(() => socket.resetAndDestroy());
    });
    const { socket } = await open('/raw');
    await once(socket, 'close');
    expect(await lastRecord()).toMatchObject({ status_code: 101 });
  });
});
