import {
  aMatcher,
  aModel,
  aNamespace,
  aRoute,
  aRule,
  aTarget,
  anUpstream,
} from '@ai-gateway/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startGateway, type Configuration, type RunningGateway } from '../gateway.fixture.js';
import { ScriptedUpstream, answerChat } from '../upstream.fixture.js';

let upstream: ScriptedUpstream;
let gateway: RunningGateway;

const configuration = (more: Configuration = {}): Configuration => ({
  namespace: [aNamespace()],
  matcher: [aMatcher()],
  upstream: [
    anUpstream(),
    anUpstream({ upstream_id: 2, upstream_code: 'anthropic', protocol: 'anthropic' }),
  ],
  target: [
    aTarget({ url: upstream.url, model_map: { 'gpt-4o-mini': 'their-mini' } }),
    aTarget({ target_id: 2, upstream_id: 2, url: upstream.url }),
  ],
  model: [
    aModel(),
    aModel({ model_id: 2, model_name: 'plain', aliases: ['nick'] }),
    aModel({ model_id: 3, model_name: 'claude', upstream_id: 2 }),
  ],
  route: [aRoute({ path: '/via-route', path_type: 'exact' })],
  ...more,
});

beforeAll(async () => {
  upstream = await ScriptedUpstream.start();
  gateway = await startGateway(configuration(), { GATEWAY_FORWARD_HEADERS: 'x-tenant-*,X-Trace' });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});
beforeEach(async () => {
  upstream.next(answerChat());
  await gateway.publish(configuration());
  upstream.received.length = 0;
  gateway.log.length = 0;
});

const send = (
  body: string | Buffer,
  headers: Record<string, string> = {},
  path = '/v1/chat/completions',
): Promise<Response> =>
  fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', channelcode: 'wechat', ...headers },
    body,
  });
const messages = [{ role: 'user', content: 'hi' }];
const chat = (more: object = {}): string => JSON.stringify({ model: 'plain', messages, ...more });
const errorOf = async (response: Response) =>
  ((await response.json()) as { error: { code: string; param?: string; message: string } }).error;
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

describe('a body that is refused', () => {
  it.each([
    ['empty', '', 'invalid_json'],
    ['blank', '  ', 'invalid_json'],
    ['cut off', '{"model":"plain"', 'invalid_json'],
    ['trailing comma', '{"model":"plain",}', 'invalid_json'],
    ['two values', '{} {}', 'invalid_json'],
    ['comment', '{"model":"plain"/**/}', 'invalid_json'],
    ['single quotes', "{'model':'plain'}", 'invalid_json'],
    ['unquoted key', '{model:"plain"}', 'invalid_json'],
    ['NaN', chat().replace('"plain"', 'NaN'), 'invalid_json'],
    ['leading zero', '{"n":01}', 'invalid_json'],
    ['bare minus', '{"n":-}', 'invalid_json'],
    ['hexadecimal', '{"n":0x1}', 'invalid_json'],
    ['control byte in a string', '{"model":"a\u0001"}', 'invalid_json'],
    ['bad escape', '{"model":"\\x"}', 'invalid_json'],
    ['unclosed string', '{"model":"', 'invalid_json'],
    ['BOM', `\uFEFF${chat()}`, 'invalid_encoding'],
    ['UTF-16', Buffer.from(chat(), 'utf16le'), 'invalid_encoding'],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'invalid_encoding'],
    ['encoded lone surrogate', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'invalid_encoding'],
    ['escaped lone surrogate', chat().replace('hi', '\\ud800'), 'invalid_encoding'],
    ['200,000 deep', nested(200_000), 'json_too_deep'],
    ['65 deep', chat({ x: JSON.parse(nested(64)) as unknown }), 'json_too_deep'],
    ['1,000,000 elements', `[${'1,'.repeat(999_999)}1]`, 'json_too_large'],
    ['model twice', '{"model":"a","model":"b","messages":[]}', 'duplicate_key'],
    ['max_tokens twice', '{"model":"a","max_tokens":1,"max_tokens":9}', 'duplicate_key'],
    ['no object', '[]', 'invalid_request'],
    ['a string', '"x"', 'invalid_request'],
    ['no model', chat({ model: undefined }), 'invalid_request'],
    ['empty model', chat({ model: '' }), 'invalid_request'],
    ['list of models', chat({ model: ['plain'] }), 'invalid_request'],
    ['model of 10 kB', chat({ model: 'm'.repeat(10_000) }), 'invalid_request'],
    ['unknown model', chat({ model: 'nobody' }), 'model_not_found'],
    ['inherited model', chat({ model: '__proto__' }), 'model_not_found'],
    ['model of another surface', chat({ model: 'claude' }), 'model_not_found'],
    ['stream as text', chat({ stream: 'true' }), 'invalid_request'],
    ['stream null', chat({ stream: null }), 'invalid_request'],
    ['max_tokens as text', chat({ max_tokens: '5' }), 'invalid_request'],
    ['max_tokens zero', chat({ max_tokens: 0 }), 'invalid_request'],
    ['max_tokens negative', chat({ max_tokens: -1 }), 'invalid_request'],
    ['max_tokens a fraction', chat({ max_tokens: 1.5 }), 'invalid_request'],
    ['max_tokens 1e400', chat().replace('{', '{"max_tokens":1e400,'), 'invalid_request'],
    ['n 1000', chat({ n: 1000 }), 'invalid_request'],
    ['no messages', chat({ messages: undefined }), 'invalid_request'],
    ['empty messages', chat({ messages: [] }), 'invalid_request'],
    ['null message', chat({ messages: [null] }), 'invalid_request'],
    ['100,000 messages', chat({ messages: Array(100_000).fill(messages[0]) }), 'invalid_request'],
  ])('%s', async (_name, body, code) => {
    const response = await send(body);
    expect((await errorOf(response)).code).toBe(code);
    expect([400, 404, 413]).toContain(response.status);
    expect(upstream.received).toHaveLength(0);
  });

  it.each([
    ['no type', { 'content-type': '' }],
    ['text', { 'content-type': 'text/plain' }],
    ['multipart', { 'content-type': 'multipart/form-data; boundary=x' }],
    ['UTF-16', { 'content-type': 'application/json; charset=utf-16' }],
    ['gzip', { 'content-encoding': 'gzip' }],
    ['stacked codings', { 'content-encoding': 'gzip, br' }],
  ])('has a media type or coding that is not taken: %s', async (_name, headers) => {
    const response = await send(chat(), headers);
    expect([response.status, (await errorOf(response)).code]).toEqual([
      415,
      'unsupported_media_type',
    ]);
  });

  it('is not quoted, neither to the client nor in the log', async () => {
    const error = await errorOf(await send('{"secret-canary": oops}'));
    await send(chat({ messages: [{ role: 'user', content: 'secret-canary' }] }));
    await vi.waitFor(() => expect(gateway.records()).toHaveLength(2));
    expect(error.message + JSON.stringify(gateway.log)).not.toContain('canary');
  });

  it('answers in the shape of its surface', async () => {
    const response = await send('{}', {}, '/v1/messages');
    expect(await response.json()).toMatchObject({
      type: 'error',
      error: { type: 'invalid_request_error' },
    });
    expect(response.headers.get('request-id')).toBe(response.headers.get('x-request-id'));
  });
});

describe('a body that is taken', () => {
  it.each([
    ['Chinese and emoji', chat({ messages: [{ role: 'user', content: '漢字 👩‍👩‍👧‍👦 e\u0301' }] })],
    ['numbers no float holds', chat().replace('{', '{"id":12345678901234567890,"x":-0,"y":1E400,')],
    [
      'unknown fields',
      chat({ api_base: 'http://evil', base_url: 'http://evil', x: { y: [null] } }),
    ],
    ['inherited names', chat().replace('{', '{"__proto__":{"max_tokens":1},"constructor":1,')],
    ['special tokens', chat({ messages: [{ role: 'user', content: '<|endoftext|>' }] })],
    [
      'an image address nobody fetches',
      chat({
        messages: [
          {
            role: 'user',
            content: [{ type: 'image_url', image_url: { url: 'http://169.254.169.254/' } }],
          },
        ],
      }),
    ],
    ['a duplicate of no importance', chat().replace('{', '{"x":1,"x":2,')],
    ['blanks around it', ` \n${chat()}\t\r\n`],
    ['63 levels', chat({ x: JSON.parse(nested(62)) as unknown })],
    ['1 MB', chat({ messages: [{ role: 'user', content: '漢'.repeat(350_000) }] })],
  ])('reaches the upstream byte for byte: %s', async (_name, body) => {
    expect((await send(body)).status).toBe(200);
    expect(upstream.last.body.toString()).toBe(body);
  });

  it.each([
    ['an alias', 'nick', 'plain'],
    ['a target’s own name', 'gpt-4o-mini', 'their-mini'],
  ])('has its model replaced in place: %s', async (_name, asked, sent) => {
    const body = `{ "big": 12345678901234567890,"model" : "${asked}", "messages": [{"role":"user","content":"model"}]}`;
    expect((await send(body)).status).toBe(200);
    expect(upstream.last.body.toString()).toBe(body.replace(`"${asked}"`, `"${sent}"`));
  });

  it('reaches a route’s upstream with the headers that are listed and no others', async () => {
    await send(chat(), {
      'x-tenant-a': '1',
      'x-trace': '2',
      'x-other': '3',
      cookie: 'a=b',
      authorization: 'Bearer x',
    });
    const { headers } = upstream.last;
    expect(headers).toMatchObject({
      'x-tenant-a': '1',
      'x-trace': '2',
      'accept-encoding': 'identity',
    });
    for (const name of ['x-other', 'cookie', 'authorization', 'channelcode']) {
      expect(headers).not.toHaveProperty(name);
    }
  });

  it('reaches an Anthropic upstream with its version', async () => {
    await send(JSON.stringify({ model: 'claude', max_tokens: 5, messages }), {}, '/v1/messages');
    expect(upstream.last.headers['anthropic-version']).toBe('2023-06-01');
  });

  it.each([
    ['has no cap of its own', {}, { max_tokens: 50 }],
    ['asks for more', { max_tokens: 500 }, { max_tokens: 50 }],
    ['asks by the newer name', { max_completion_tokens: 500 }, { max_completion_tokens: 50 }],
    ['leaves it null', { max_tokens: null }, { max_tokens: 50 }],
    ['asks for less', { max_tokens: 5 }, { max_tokens: 5 }],
  ])('is held to the rules’ output cap when it %s', async (_name, more, expected) => {
    const rule_config = { max_output_tokens_per_request: 50 };
    await gateway.publish(
      configuration({ rule: [aRule({ rule_type: 'token_limit', rule_config })] }),
    );
    await send(chat(more));
    const {
      model: _model,
      messages: _messages,
      ...rest
    } = JSON.parse(upstream.last.body.toString()) as Record<string, unknown>;
    expect(rest).toEqual(expected);
  });
});

describe('limits', () => {
  const withRule = (rule: Parameters<typeof aRule>[0]) =>
    gateway.publish(configuration({ rule: [aRule(rule)] }));

  it('refuse a prompt above the cap per request by its exact count', async () => {
    await withRule({ rule_type: 'token_limit', rule_config: { max_input_tokens_per_request: 20 } });
    expect(
      (await send(chat({ messages: [{ role: 'user', content: 'hello '.repeat(8) }] }))).status,
    ).toBe(200);
    const response = await send(
      chat({ messages: [{ role: 'user', content: 'hello '.repeat(40) }] }),
    );
    expect([response.status, (await errorOf(response)).code]).toEqual([
      400,
      'prompt_exceeds_limit',
    ]);
    expect(response.headers.get('retry-after')).toBeNull();
  });

  it('say never to a prompt larger than the whole window', async () => {
    await withRule({ rule_type: 'token_limit', rule_config: { max_tokens_per_hour: 10 } });
    const response = await send(
      chat({ messages: [{ role: 'user', content: 'hello '.repeat(40) }] }),
    );
    expect([response.status, (await errorOf(response)).code]).toEqual([
      400,
      'prompt_exceeds_limit',
    ]);
  });

  it('of zero refuse everything', async () => {
    await withRule({ rule_type: 'request_limit', rule_config: { max_requests_per_minute: 0 } });
    expect((await send(chat())).status).toBe(429);
    expect(upstream.received).toHaveLength(0);
  });

  it('tell SDKs not to retry when the reset is far', async () => {
    await withRule({
      rule_id: 77,
      rule_type: 'request_limit',
      rule_config: { max_requests_per_day: 1 },
    });
    const first = await send(chat());
    expect(first.headers.get('x-ratelimit-limit-requests')).toBe('1');
    expect(first.headers.get('x-should-retry')).toBeNull();
    const second = await send(chat());
    expect(second.status).toBe(429);
    expect(second.headers.get('x-should-retry')).toBe('false');
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(60);
    expect(second.headers.get('x-ratelimit-remaining-requests')).toBe('0');
    expect(second.headers.get('x-ratelimit-reset-requests')).toMatch(/^(\d+h)?(\d+m)?\d+s$/);
  });

  it('in shadow count what they would have refused and refuse nothing', async () => {
    const series =
      'gateway_refusals_total{namespace="wechat",rule_type="request_limit",reason="shadow",mode="shadow"}';
    await withRule({
      rule_id: 78,
      mode: 'shadow',
      rule_type: 'request_limit',
      rule_config: { max_requests_per_minute: 1 },
    });
    expect((await send(chat())).status).toBe(200);
    expect((await send(chat())).status).toBe(200);
    expect(await gateway.metric(series)).toBe(1);
  });

  it('on fields refuse with the rule’s own message, as inert text', async () => {
    const message = '<b>"no"</b> {{x}}';
    const rule_config = {
      field_path: 'body.temperature',
      operator: 'lte' as const,
      value: 1,
      message,
    };
    await withRule({ rule_type: 'field_check', rule_config });
    const response = await send(chat({ temperature: 2 }));
    expect([response.status, await errorOf(response)]).toMatchObject([
      403,
      { code: 'field_check_failed', message },
    ]);
    expect((await send(chat({ temperature: 1 }))).status).toBe(200);
  });

  it('on fields in shadow refuse nothing', async () => {
    const rule_config = {
      field_path: 'body.temperature',
      operator: 'lte' as const,
      value: 1,
      status_code: 400 as const,
    };
    await withRule({ rule_type: 'field_check', rule_config, mode: 'shadow' });
    expect((await send(chat({ temperature: 2 }))).status).toBe(200);
    await withRule({ rule_type: 'field_check', rule_config });
    expect((await send(chat({ temperature: 2 }))).status).toBe(400);
  });

  it.each(['x'.repeat(10_000), 'a b', 'ü'])(
    'replace a request id that is none: %.10s',
    async (id) => {
      const { headers } = await send(chat(), { 'x-request-id': id });
      expect(headers.get('x-request-id')).toMatch(/^req_/);
    },
  );

  it('keep a well-formed request id to the upstream and back', async () => {
    const { headers } = await send(chat(), { 'x-request-id': 'my.id-1' });
    expect([headers.get('x-request-id'), upstream.last.headers['x-request-id']]).toEqual([
      'my.id-1',
      'my.id-1',
    ]);
  });
});
