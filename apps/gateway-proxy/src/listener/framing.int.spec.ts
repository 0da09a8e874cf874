import {
  aMatcher,
  aModel,
  aNamespace,
  aRoute,
  aTarget,
  anUpstream,
  sendRaw,
  type RawReply,
} from '@ai-gateway/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startGateway, type RunningGateway } from '../gateway.fixture.js';
import { ScriptedUpstream, answerChat } from '../upstream.fixture.js';

let upstream: ScriptedUpstream;
let gateway: RunningGateway;

beforeAll(async () => {
  upstream = await ScriptedUpstream.start();
  gateway = await startGateway(
    {
      namespace: [aNamespace()],
      matcher: [aMatcher()],
      upstream: [
        anUpstream(),
        anUpstream({ upstream_id: 2, upstream_code: 'orders', protocol: 'http' }),
      ],
      target: [
        aTarget({ url: upstream.url }),
        aTarget({ target_id: 2, upstream_id: 2, url: upstream.url }),
      ],
      model: [aModel()],
      route: [aRoute({ upstream_id: 2 })],
    },
    {
      GATEWAY_HEADERS_TIMEOUT_MS: '500',
      GATEWAY_BODY_IDLE_MS: '300',
      GATEWAY_MAX_BODY_BYTES: '65536',
    },
  );
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.next(answerChat());
  upstream.received.length = 0;
  gateway.log.length = 0;
});

const BODY = '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}';
const HEAD = 'Host: gateway\r\nchannelcode: wechat\r\nContent-Type: application/json\r\n';
const GET = 'GET /orders/1 HTTP/1.1\r\nHost: gateway\r\nchannelcode: wechat\r\n';

/** A chat request with further header lines. */
const chat = (lines: string, body = BODY): string =>
  `POST /v1/chat/completions HTTP/1.1\r\n${HEAD}${lines}\r\n${body}`;
const chunked = (chunks: string): string => chat('Transfer-Encoding: chunked\r\n', chunks);
const withLength = (lines = '', body = BODY): string =>
  chat(`Content-Length: ${Buffer.byteLength(body)}\r\n${lines}`, body);

const send = (bytes: string | readonly (string | Buffer)[]): Promise<RawReply> =>
  sendRaw(gateway.port, bytes);

/** Refused once, in our envelope, recorded once, upstream untouched, connection closed. */
async function expectRejected(reply: RawReply, status: number, code: string): Promise<void> {
  expect(reply.statuses).toEqual([status]);
  expect(reply.ending).toBe('closed');
  const id = /x-request-id: (\S+)/i.exec(reply.text)?.[1];
  const body = JSON.parse(reply.text.slice(reply.text.indexOf('\r\n\r\n') + 4)) as unknown;
  expect(body).toMatchObject({ error: { code, request_id: id } });
  expect(reply.text).toMatch(/connection: close/i);
  expect(upstream.received).toHaveLength(0);
  await vi.waitFor(() => expect(gateway.log).toHaveLength(1));
  expect(gateway.log[0]).toMatchObject({ request_id: id });
}

describe('bytes that are no request a gateway may pass on', () => {
  const bad = (name: string, bytes: string, status = 400, code = 'bad_request_framing') =>
    [name, bytes, status, code] as const;
  const te = (value: string) => chat(`Transfer-Encoding: ${value}\r\n`, '0\r\n\r\n');

  it.each([
    bad('two Host fields', withLength('Host: other\r\n')),
    bad('no Host field', 'GET /orders HTTP/1.1\r\nchannelcode: wechat\r\n\r\n'),
    bad(
      'length and chunked',
      chat('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    ),
    bad('two differing lengths', withLength('Content-Length: 3\r\n')),
    bad('two equal lengths', withLength(`Content-Length: ${BODY.length}\r\n`)),
    bad('signed length', chat('Content-Length: +4\r\n', 'abcd')),
    bad('hexadecimal length', chat('Content-Length: 0x4\r\n', 'abcd')),
    bad('listed length', chat('Content-Length: 4,4\r\n', 'abcd')),
    bad('spaced length', chat('Content-Length: 4 4\r\n', 'abcd')),
    bad('negative length', chat('Content-Length: -4\r\n', 'abcd')),
    bad('length beyond 2^64', chat('Content-Length: 99999999999999999999\r\n', 'abcd')),
    bad('unknown coding', te('xchunked')),
    bad('chunked not last', te('chunked, identity')),
    bad('coding before chunked', te('gzip, chunked'), 501, 'unsupported_transfer_coding'),
    bad('identity before chunked', te('identity, chunked')),
    bad('vertical tab before chunked', te('\x0bchunked')),
    bad(
      'coding on HTTP/1.0',
      `POST /orders HTTP/1.0\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ),
    bad('space before colon', chat('Transfer-Encoding : chunked\r\n', '0\r\n\r\n')),
    bad('space before name', chat(' Transfer-Encoding: chunked\r\n', '0\r\n\r\n')),
    bad('bare line feeds', GET.replaceAll('\r\n', '\n') + '\n'),
    bad('bare carriage return', `${GET}x-a: b\rc\r\n\r\n`),
    bad('folded line', `${GET}x-a: b\r\n c\r\n\r\n`),
    bad('NUL in a value', `${GET}x-a: b\x00c\r\n\r\n`),
    bad('control byte in a value', `${GET}x-a: b\x01c\r\n\r\n`),
    bad('chunk size overflow', chunked('FFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n')),
    bad(
      'chunk extension of 20 kB',
      chunked(`1;${'x'.repeat(20_000)}\r\na\r\n0\r\n\r\n`),
      413,
      'body_too_large',
    ),
    bad('chunk lines ended by line feeds', chunked('1\na\n0\n\n')),
    bad('chunk longer than its size', chunked('3\r\nabcdef\r\n0\r\n\r\n')),
    bad('a field of 20 kB', `${GET}x-a: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'),
    bad('3000 small fields', `${GET}${'a:b\r\n'.repeat(3000)}\r\n`, 431, 'headers_too_large'),
    bad('129 fields', `${GET}${'a: b\r\n'.repeat(127)}\r\n`, 431, 'headers_too_large'),
    bad(
      'a target of 9 kB',
      GET.replace('/orders/1', `/orders/${'a'.repeat(9000)}`) + '\r\n',
      414,
      'uri_too_long',
    ),
    bad(
      'a query of 64 kB',
      GET.replace('/orders/1', `/orders?${'a=b&'.repeat(16_000)}`) + '\r\n',
      414,
      'uri_too_long',
    ),
    bad('unknown expectation', withLength('Expect: magic\r\n'), 417, 'expectation_failed'),
    bad(
      'CONNECT',
      'CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\n\r\n',
      405,
      'method_not_allowed',
    ),
    bad('TRACE', GET.replace('GET', 'TRACE') + '\r\n', 405, 'method_not_allowed'),
    bad('unknown method', GET.replace('GET', 'FETCH') + '\r\n', 405, 'method_not_allowed'),
    bad('OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: gateway\r\n\r\n', 405, 'method_not_allowed'),
    bad('absolute target of another host', GET.replace('/orders/1', 'http://evil/orders') + '\r\n'),
    bad(
      'absolute target with userinfo',
      GET.replace('/orders/1', 'http://a@gateway/orders') + '\r\n',
    ),
    bad('HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    bad('HTTP/0.9', 'GET /\r\n\r\n', 505, 'http_version_not_supported'),
    bad('HTTP/2.0', 'GET / HTTP/2.0\r\nHost: gateway\r\n\r\n', 505, 'http_version_not_supported'),
    bad('HTTP/1.2', 'GET / HTTP/1.2\r\nHost: gateway\r\n\r\n', 505, 'http_version_not_supported'),
    bad('TLS on the plain port', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
  ])('%s', async (_name, bytes, status, code) => {
    await expectRejected(await send(bytes), status, code);
  });

  it('are counted by their reason', async () => {
    const series = 'gateway_errors_total{reason="bad_request_framing"}';
    const before = await gateway.metric(series);
    await send(withLength('Host: other\r\n'));
    await send('BAD\r\n\r\n');
    await send(chunked('zz\r\n'));
    expect(await gateway.metric(series)).toBe(before + 3);
  });
});

describe('a client that is too slow', () => {
  it('is answered 408 when its head does not arrive', async () => {
    await expectRejected(await send('GET / HTTP/1.1\r\nHost: gat'), 408, 'request_timeout');
  });

  it('is answered 408 when it sends nothing at all', async () => {
    await expectRejected(await send([]), 408, 'request_timeout');
  });

  it('is answered 408 when its body stalls', async () => {
    const reply = await send(chat('Content-Length: 100\r\n', '{"mod'));
    expect(reply.statuses).toEqual([408]);
    expect(reply.text).toMatch(/connection: close/i);
    expect(upstream.received).toHaveLength(0);
  });
});

describe('requests on one connection', () => {
  it('are answered in order, and an error of the parser waits for the answers before it', async () => {
    const release = Promise.withResolvers<unknown>();
    upstream.next((req, res, body) => {
      void release.promise.then(() => answerChat('{"first":true}')(req, res, body));
    });
    const reply = send([withLength() + 'NONSENSE\r\n\r\n' + withLength()]);
    await vi.waitFor(() => expect(upstream.received).toHaveLength(1));
    release.resolve(null);
    const { statuses, text, ending } = await reply;
    expect(statuses).toEqual([200, 400]);
    expect(text).toMatch(/\{"first":true\}\r\n0\r\n\r\nHTTP\/1\.1 400/);
    expect(ending).toBe('closed');
    expect(upstream.received).toHaveLength(1);
  });

  it('are not smuggled in the body of another one', async () => {
    const inner = `GET /orders/smuggled HTTP/1.1\r\n${HEAD}\r\n`;
    const { statuses } = await send([withLength('Connection: close\r\n', inner)]);
    expect(statuses).toEqual([400]);
    expect(upstream.received).toHaveLength(0);
    await vi.waitFor(() => {
      const paths = gateway.records().map(({ path }) => path);
      expect(paths).toContain('/v1/chat/completions');
      expect(paths).not.toContain('/orders/smuggled');
    });
  });

  it('go on after a refusal that has read the whole request', async () => {
    const { statuses } = await send([withLength('', '{'), `${GET}Connection: close\r\n\r\n`]);
    expect(statuses).toEqual([400, 200]);
  });
});

describe('a body that is too large', () => {
  it('is refused by its length before it is read, and the client can read the answer', async () => {
    const { statuses, text } = await send([
      chat('Content-Length: 300000\r\n', ''),
      'x'.repeat(300_000),
    ]);
    expect(statuses).toEqual([413]);
    expect(text).toContain('body_too_large');
    expect(text).toMatch(/connection: close/i);
  });

  it('is refused at the cap when it comes in chunks', async () => {
    const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`;
    const { statuses, ending } = await send([chunked(''), chunk, chunk, chunk, '0\r\n\r\n']);
    expect([statuses, ending]).toEqual([[413], 'closed']);
    expect(upstream.received).toHaveLength(0);
  });
});

describe('Expect: 100-continue', () => {
  it('is answered by 100 and then by the answer', async () => {
    const lines = 'Expect: 100-continue\r\nConnection: close\r\n';
    const { statuses } = await send([withLength(lines, BODY)]);
    expect(statuses).toEqual([100, 200]);
  });

  it.each([
    ['size', chat('Content-Length: 300000\r\nExpect: 100-continue\r\n', ''), 413],
    [
      'media type',
      chat('Content-Length: 3\r\nExpect: 100-continue\r\n', '').replace(
        'application/json',
        'text/plain',
      ),
      415,
    ],
    [
      'credentials',
      chat('Content-Length: 3\r\nExpect: 100-continue\r\nx-api-key: a\r\napi-key: b\r\n', ''),
      401,
    ],
    [
      'path',
      chat('Content-Length: 3\r\nExpect: 100-continue\r\n', '').replace('/v1/chat', '/v1/nowhere'),
      404,
    ],
    [
      'method',
      chat('Content-Length: 3\r\nExpect: 100-continue\r\n', '').replace('POST', 'PUT'),
      405,
    ],
    [
      'routing header',
      chat('Content-Length: 3\r\nExpect: 100-continue\r\nchannelcode: b\r\n', ''),
      400,
    ],
  ])('is refused without 100 when the head alone decides: %s', async (_name, bytes, status) => {
    const { statuses, ending } = await send(bytes);
    expect([statuses, ending]).toEqual([[status], 'closed']);
  });

  it('is ignored of HTTP/1.0, which knows no 100', async () => {
    const bytes = withLength('Expect: 100-continue\r\n').replace('HTTP/1.1', 'HTTP/1.0');
    expect((await send(bytes)).statuses).toEqual([200]);
  });
});

describe('what a plain service is sent', () => {
  const close = 'Connection: close\r\n';

  it('has no field a server could take for another one', async () => {
    await send(`${GET}Transfer_Encoding: chunked\r\nContent_Length: 4\r\n${close}\r\n`);
    expect(Object.keys(upstream.last.headers).filter((name) => name.includes('_'))).toEqual([]);
  });

  it('has no trailers of the client', async () => {
    const lines = `Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n${close}`;
    await send(
      `POST /orders HTTP/1.1\r\nHost: gateway\r\nchannelcode: wechat\r\n${lines}\r\n3\r\nabc\r\n0\r\nAuthorization: evil\r\n\r\n`,
    );
    expect(upstream.last.body.toString()).toBe('abc');
    expect(upstream.last.headers).toMatchObject({ 'content-length': '3' });
    expect(upstream.last.headers.authorization).toBeUndefined();
    expect(upstream.last.headers.trailer).toBeUndefined();
  });

  it.each(['GET', 'DELETE', 'PUT'])(
    'has the body of %s with a framing of its own',
    async (method) => {
      const request = GET.replace('GET', method);
      const { statuses } = await send(
        `${request}Transfer-Encoding: chunked\r\n${close}\r\n3\r\nabc\r\n0\r\n\r\n`,
      );
      expect(statuses).toEqual([200]);
      expect(upstream.last.body.toString()).toBe('abc');
      expect(upstream.last.headers['content-length']).toBe('3');
    },
  );

  it('has no hop-by-hop field, none that Connection names, and no forwarding field of the client', async () => {
    await send(
      `${GET}Connection: close, x-secret-hop, x-forwarded-for\r\nx-secret-hop: 1\r\nTE: trailers\r\n` +
        'Keep-Alive: 5\r\nProxy-Authorization: x\r\nUpgrade: h2c\r\nForwarded: for=9.9.9.9\r\n' +
        'X-Real-IP: 9.9.9.9\r\nX-Forwarded-For: 9.9.9.9\r\nCookie: a=b\r\nx-gateway-namespace: evil\r\n\r\n',
    );
    const { headers } = upstream.last;
    for (const name of [
      'x-secret-hop',
      'te',
      'keep-alive',
      'proxy-authorization',
      'upgrade',
      'forwarded',
      'x-real-ip',
      'cookie',
      'x-gateway-namespace',
    ]) {
      expect(headers).not.toHaveProperty(name);
    }
    expect(headers['x-forwarded-for']).toBe('127.0.0.1');
  });

  it.each([
    ['another protocol', 'Connection: upgrade, close\r\nUpgrade: h2c\r\n'],
    [
      'a websocket with a body',
      'Connection: upgrade, close\r\nUpgrade: websocket\r\nContent-Length: 2\r\n',
    ],
  ])('is a plain request when %s is asked for', async (_name, lines) => {
    const { statuses } = await send(`${GET}${lines}\r\n{}`);
    expect(statuses).toEqual([200]);
    expect(upstream.last.headers.upgrade).toBeUndefined();
  });

  it('is the path of an absolute target that names this host', async () => {
    await send(GET.replace('/orders/1', 'http://gateway/orders/7?x=/y') + close + '\r\n');
    expect(upstream.last.url).toBe('/orders/7?x=/y');
  });
});

describe('routing fields', () => {
  it('may not be repeated', async () => {
    const { statuses, text } = await send(
      withLength('channelcode: alipay\r\nConnection: close\r\n'),
    );
    expect(statuses).toEqual([400]);
    expect(text).toContain('ambiguous_routing_header');
  });

  it.each(['__proto__', 'constructor', 'hasOwnProperty'])(
    'named %s are plain data',
    async (name) => {
      const { statuses } = await send(withLength(`${name}: x\r\nConnection: close\r\n`));
      expect(statuses).toEqual([200]);
    },
  );

  it.each(['\xff\xfe', 'caf\xe9', '\xc3\xa9'])(
    'with bytes beyond ASCII match nobody',
    async (value) => {
      const bytes = withLength('Connection: close\r\n').replace('wechat', value);
      expect((await send(bytes)).statuses).toEqual([403]);
    },
  );

  it.each([
    '//admin',
    '/v1/%2e%2e/admin',
    '/v1/..;/admin',
    '/v1%2fchat',
    '/v1\\chat',
    '/a/./b',
    '/a%00b',
    '/%ff',
  ])('a path like %s is refused before it is routed', async (path) => {
    const { statuses, text } = await send(
      `${GET.replace('/orders/1', path)}Connection: close\r\n\r\n`,
    );
    expect(statuses).toEqual([400]);
    expect(text).toContain('invalid_path');
  });
});

it('takes the end of the client’s side for its leaving: aborts are noticed at once by it', async () => {
  const reply = await sendRaw(gateway.port, [withLength()], { halfClose: true });
  expect(reply.statuses.filter((status) => status !== 200)).toEqual([]);
  await vi.waitFor(() => expect(gateway.records()).toHaveLength(1));
});
