/** What no client should send, through real processes: refused by rule, never a 500, never forwarded. */
import { sendRaw } from '@ai-gateway/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ADMIN_PASSWORD, Installation } from './installation.js';

const CHAT = '/v1/chat/completions';
const MODEL = 'gpt-4o-mini';
const hello = (more: object = {}) => ({
  model: MODEL,
  messages: [{ role: 'user', content: 'Hello' }],
  ...more,
});
const MEBIBYTE = 1 << 20;

let installation: Installation;

interface Sent {
  status: number;
  code: string | null;
  param: string | null;
  text: string;
  headers: Headers;
}

async function send(
  body: unknown,
  headers: Record<string, string> = {},
  path = CHAT,
): Promise<Sent> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(installation.gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: isRaw ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const error = response.ok
    ? null
    : (JSON.parse(text) as { error: { code: string; param: string | null } }).error;
  return {
    status: response.status,
    code: error?.code ?? null,
    param: error?.param ?? null,
    text,
    headers: response.headers,
  };
}

beforeAll(async () => {
  installation = await Installation.start({ mysqlUrl: inject('mysqlUrl') });
});
afterAll(() => installation.stop());

describe('a body that is no request', () => {
  const nested = `{"model":"${MODEL}","messages":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
  it.each([
    ['nothing', '', 400, 'invalid_json'],
    ['half a document', '{"model":"gpt-4o-mini","messages":[', 400, 'invalid_json'],
    ['two documents', `${JSON.stringify(hello())}{}`, 400, 'invalid_json'],
    ['a trailing comma', '{"model":"gpt-4o-mini",}', 400, 'invalid_json'],
    ['NaN', '{"model":"gpt-4o-mini","max_tokens":NaN}', 400, 'invalid_json'],
    ['an array', '[]', 400, 'invalid_request'],
    ['null', 'null', 400, 'invalid_request'],
    ['a string', '"hello"', 400, 'invalid_request'],
    ['bytes that are no UTF-8', Uint8Array.of(0x22, 0xff, 0xfe, 0x22), 400, 'invalid_encoding'],
    ['UTF-16', new Uint8Array(Buffer.from('{"model":"x"}', 'utf16le')), 400, 'invalid_encoding'],
    ['a depth bomb', nested, 400, 'json_too_deep'],
    ['the model twice', `{"model":"a","model":"b","messages":[]}`, 400, 'duplicate_key'],
  ])('%s', async (_name, body, status, code) => {
    const received = await installation.mockLlm.count();
    const sent = await send(body);
    expect(sent.status).toBe(status);
    expect(sent.code).toBe(code);
    expect(sent.headers.get('x-gateway-error')).toBe(sent.code);
    expect(sent.headers.get('x-request-id')).not.toBeNull();
    expect(await installation.mockLlm.count()).toBe(received);
  });

  it.each([
    ['text/plain', {}],
    ['multipart/form-data; boundary=x', {}],
    ['application/json; charset=utf-16', {}],
    ['application/json', { 'content-encoding': 'gzip' }],
  ])('of the type %s with %j', async (type, headers) => {
    const sent = await send(hello(), { 'content-type': type, ...headers });
    expect(sent).toMatchObject({ status: 415, code: 'unsupported_media_type' });
  });

  it('says its charset when it is UTF-8', async () => {
    const sent = await send(hello(), { 'content-type': 'application/json; charset=utf-8' });
    expect(sent.status).toBe(200);
  });

  it('above the cap is refused, announced or chunked, and the client reads the refusal', async () => {
    const huge = JSON.stringify(hello({ padding: 'x'.repeat(11 * MEBIBYTE) }));
    expect(await send(huge)).toMatchObject({ status: 413, code: 'body_too_large' });
    const response = await fetch(installation.gateway.url + CHAT, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([huge]).stream(),
      duplex: 'half',
    });
    expect(response.status).toBe(413);
  });
});

describe('fields of the wrong type', () => {
  it.each([
    ['model', { model: undefined }],
    ['model', { model: '' }],
    ['model', { model: [MODEL] }],
    ['model', { model: 'm'.repeat(10_240) }],
    ['messages', { messages: undefined }],
    ['messages', { messages: [] }],
    ['messages', { messages: 'hello' }],
    ['messages.0', { messages: [null] }],
    ['messages.0', { messages: [{ role: 'user', content: 7 }] }],
    ['max_tokens', { max_tokens: '10' }],
    ['max_tokens', { max_tokens: -1 }],
    ['max_tokens', { max_tokens: 1.5 }],
    ['stream', { stream: 'true' }],
    ['stream', { stream: 1 }],
    ['n', { n: 1000 }],
  ])('%s in %j', async (param, more) => {
    const sent = await send(hello(more));
    expect(sent).toMatchObject({ status: 400, code: 'invalid_request', param });
  });

  it('max_tokens beyond every number', async () => {
    const body = JSON.stringify(hello()).replace(/\}$/, ',"max_tokens":1e400}');
    expect(await send(body)).toMatchObject({ status: 400, param: 'max_tokens' });
  });

  it('null where the model decides, and fields nobody knows, are let through', async () => {
    const sent = await send(hello({ max_tokens: null, unknown_field: { 漢字: [1, 2] } }));
    expect(sent.status).toBe(200);
  });

  it('inherited names are no fields', async () => {
    const body = `{"model":"${MODEL}","messages":[{"role":"user","content":"x"}],"__proto__":{"max_tokens":-1},"constructor":{"prototype":{"stream":"true"}}}`;
    expect((await send(body)).status).toBe(200);
  });
});

describe('nobody and nowhere', () => {
  it('an unknown model is 404, the same whether it exists elsewhere or not', async () => {
    expect(await send(hello({ model: 'gpt-99' }))).toMatchObject({
      status: 404,
      code: 'model_not_found',
      param: 'model',
    });
    for (const model of ['__proto__', 'constructor', '../../etc/passwd'])
      expect(await send(hello({ model }))).toMatchObject({ status: 404 });
  });

  it('an unknown path is 404 and a wrong method 405', async () => {
    expect(await send(hello(), {}, '/v1/unknown')).toMatchObject({ status: 404, code: 'F40400' });
    const response = await fetch(installation.gateway.url + CHAT);
    expect(response.status).toBe(405);
  });

  it('no namespace is 403, never unlimited', async () => {
    const restore = await installation.withoutDefaultNamespace();
    const sent = await send(hello());
    const recognised = await send(hello(), { channelcode: 'wechat' });
    const byBody = await send(hello({ channel: 'alipay' }));
    await restore();
    expect(sent).toMatchObject({ status: 403, code: 'no_namespace' });
    expect([recognised.status, byBody.status]).toEqual([200, 200]);
  });

  it('a routing header sent twice is refused', async () => {
    const body = JSON.stringify(hello());
    const head = [
      `POST ${CHAT} HTTP/1.1`,
      'host: gateway',
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      'channelcode: wechat',
      'channelcode: other',
      'connection: close',
    ];
    const port = Number(new URL(installation.gateway.url).port);
    const reply = await sendRaw(port, `${head.join('\r\n')}\r\n\r\n${body}`);
    expect(reply.statuses).toEqual([400]);
    expect(reply.text).toContain('ambiguous_routing_header');
  });

  it('a request id of the client is kept only when it is harmless', async () => {
    const kept = await send(hello(), { 'x-request-id': 'my-id_1.2' });
    expect(kept.headers.get('x-request-id')).toBe('my-id_1.2');
    const replaced = await send(hello(), { 'x-request-id': 'x'.repeat(10_000) });
    expect(replaced.headers.get('x-request-id')).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
  });
});

describe('text that is hard to count', () => {
  it.each([
    ['Chinese', '漢'.repeat(MEBIBYTE / 3)],
    ['one letter', 'a'.repeat(MEBIBYTE)],
    ['spaces', ' '.repeat(MEBIBYTE)],
    ['emoji joined', '👩‍👩‍👧‍👦'.repeat(MEBIBYTE / 25)],
    ['special tokens', '<|endoftext|>'.repeat(MEBIBYTE / 13)],
    ['control characters', '\u0000\u202E\u0300'.repeat(50_000)],
  ])('1 MB of %s is answered, and the gateway stays responsive', async (_name, content) => {
    const body = hello({ max_tokens: 3, messages: [{ role: 'user', content }] });
    const slow = send(body);
    const startedAt = performance.now();
    const alive = await fetch(`${installation.gateway.managementUrl}/livez`);
    const livezMs = performance.now() - startedAt;
    expect(alive.status).toBe(200);
    expect((await slow).status).toBe(200);
    expect(livezMs).toBeLessThan(1000);
  });

  it('a prompt larger than its limit can ever admit says not to try again', async () => {
    const { headers } = await installation.tenant('small-window', [
      {
        rule_name: 'small window',
        rule_type: 'token_limit',
        rule_config: { spans: [{ span_seconds: 600, max_input_tokens: 1000 }] },
      },
    ]);
    const content = '你好世界。'.repeat(2000);
    const sent = await send(hello({ messages: [{ role: 'user', content }] }), headers);
    expect(sent).toMatchObject({ status: 400, code: 'prompt_exceeds_limit' });
    expect((await send(hello(), headers)).status).toBe(200);
  });

  it('a regex matcher meets its worst text and stays linear', async () => {
    const { admin } = installation;
    const namespace = await admin.write('POST', '/api/v1/namespaces', {
      namespace_code: 'regex',
      namespace_name: 'regex',
    });
    const path = `/api/v1/namespaces/${String(namespace.resource['namespace_id'])}/matchers`;
    const { revision } = await admin.write('POST', path, {
      matcher_name: 'nested quantifiers',
      matcher_type: 'body',
      match_field: 'metadata.text',
      match_operator: 'regex',
      match_value: '^(a+)+$',
    });
    await installation.applied(revision);
    const startedAt = performance.now();
    const sent = await send(hello({ metadata: { text: `${'a'.repeat(60_000)}!` } }));
    expect(sent.status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});

describe('planted secrets', () => {
  const UPSTREAM_CREDENTIAL = 'sk-canary-upstream-4f9d2c7b1a';
  const PROMPT = 'canary-prompt-7c1e5b';
  const CANARY_MODEL = 'canary-model';
  const CANARY_REQUEST = 'canary-request';

  it('appear in no log, metric, error body or Redis value', async () => {
    const { admin } = installation;
    const upstream = await admin.write('POST', '/api/v1/upstreams', {
      upstream_code: 'canary',
      upstream_name: 'canary',
      targets: [{ url: installation.mockLlm.url, credential: UPSTREAM_CREDENTIAL }],
    });
    const model = { model_name: CANARY_MODEL, upstream_id: upstream.resource['upstream_id'] };
    await admin.write('POST', '/api/v1/models', model);
    const { resource, revision } = await admin.write('POST', '/api/v1/api-keys', {
      key_name: 'canary',
    });
    await installation.applied(revision);
    const apiKey = String(resource['key']);
    const answers = await provoke(apiKey);
    const secrets = {
      'upstream credential': UPSTREAM_CREDENTIAL,
      'API key': apiKey,
      'admin password': ADMIN_PASSWORD,
      'database password': new URL(installation.databaseUrl).password,
      'Redis password': installation.redis.password,
      'master key': installation.masterKey,
      'service credential': installation.serviceCredential,
      prompt: PROMPT,
    };
    const shown = [
      (await admin.call('GET', '/api/v1/upstreams')).body,
      (await admin.call('GET', '/api/v1/api-keys')).body,
    ];
    const places = {
      answers: answers.join('\n'),
      metrics: await metrics(),
      Redis: await redisContents(),
      'the admin API': JSON.stringify(shown),
      logs: await wholeLog(),
    };
    expect(places.Redis).toContain(CANARY_MODEL);
    expect(places.logs).toContain(CANARY_REQUEST);
    for (const [place, content] of Object.entries(places)) {
      for (const [name, secret] of Object.entries(secrets)) {
        expect(content.includes(secret), `${name} in ${place}`).toBe(false);
      }
    }
  });

  /** The upstream gets its credential; everything that can go wrong goes wrong. */
  async function provoke(apiKey: string): Promise<string[]> {
    const ask = async (more: object, headers: Record<string, string> = {}): Promise<Sent> =>
      send(hello({ model: CANARY_MODEL, messages: [{ role: 'user', content: PROMPT }], ...more }), {
        authorization: `Bearer ${apiKey}`,
        ...headers,
      });
    const good = await ask({}, { 'x-request-id': CANARY_REQUEST });
    expect(good.status).toBe(200);
    const { credential_fingerprint } = await installation.mockLlm.ended(CANARY_REQUEST);
    expect(credential_fingerprint).not.toBeNull();
    const failed = [
      await ask({}, { 'x-mock-status': '401' }),
      await ask({}, { 'x-mock-status': '500' }),
      await ask({}, { 'x-mock-reset-after': '0' }),
      await ask({ stream: 'true' }),
      await ask({}, { authorization: `Bearer ${apiKey}x` }),
      await send(`{"model":"${PROMPT}`),
      await send(hello({ model: PROMPT })),
    ];
    const { admin } = installation;
    const refused = [
      await admin.call('POST', '/api/v1/auth/login', {
        body: { username: 'admin', password: `${ADMIN_PASSWORD}!` },
      }),
      await admin.call('POST', '/api/v1/upstreams', {
        body: { upstream_code: 'canary-2', targets: [{ url: 7, credential: UPSTREAM_CREDENTIAL }] },
      }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([401, 400]);
    return [...failed.map(({ text }) => text), ...refused.map(({ body }) => JSON.stringify(body))];
  }

  /** The gateway writes its log in batches; the last one comes when it ends. */
  async function wholeLog(): Promise<string> {
    await installation.gateway.app.stop();
    return installation.log;
  }

  async function metrics(): Promise<string> {
    const urls = [installation.configCenter.url, installation.gateway.managementUrl];
    const headers = { authorization: `Bearer ${installation.serviceCredential}` };
    const texts = await Promise.all(
      urls.map(async (url) => (await fetch(`${url}/metrics`, { headers })).text()),
    );
    for (const text of texts) expect(text).toContain('process_cpu_seconds_total');
    return texts.join('\n');
  }

  async function redisContents(): Promise<string> {
    const redis = new Redis(installation.redis.url);
    try {
      const keys = await redis.keys('*');
      const values = await Promise.all(keys.map((key) => valueOf(redis, key)));
      return JSON.stringify(keys.map((key, index) => [key, values[index]]));
    } finally {
      redis.disconnect();
    }
  }
});

async function valueOf(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'hash':
      return redis.hgetall(key);
    case 'zset':
      return redis.zrange(key, 0, -1);
    case 'string':
      return redis.get(key);
    default:
      throw new Error(`${key} is of a type that this test does not read`);
  }
}
