import { setTimeout as sleep } from 'node:timers/promises';
import { aMatcher, aModel, aNamespace, aRule, aTarget, anUpstream } from '@ai-gateway/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type Configuration, type RunningGateway } from '../gateway.fixture.js';
import { CHAT_ANSWER, ScriptedUpstream, answerChat, streamChunks } from '../upstream.fixture.js';

let upstream: ScriptedUpstream;
let gateway: RunningGateway;

const configuration = (more: Configuration = {}): Configuration => ({
  namespace: [aNamespace()],
  matcher: [aMatcher()],
  upstream: [anUpstream()],
  target: [aTarget({ url: upstream.url })],
  model: [aModel()],
  ...more,
});

const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: '你好' }] };

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', channelcode: 'wechat', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

const publish = (more: Configuration): Promise<void> => gateway.publish(configuration(more));

beforeAll(async () => {
  upstream = await ScriptedUpstream.start();
  gateway = await startGateway(configuration());
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});
beforeEach(async () => {
  upstream.next(answerChat());
  upstream.received.length = 0;
  await publish({});
});

describe('a chat completion', () => {
  it('reaches the upstream as the bytes the client sent and comes back unchanged', async () => {
    const body =
      '{ "model":"gpt-4o-mini", "big": 12345678901234567890, "messages":[{"role":"user","content":"é 你好 👋"}] }';
    const response = await post('/v1/chat/completions', body);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(CHAT_ANSWER);
    expect(upstream.last.body.toString('utf8')).toBe(body);
    expect(upstream.last.url).toBe('/v1/chat/completions');
    expect(response.headers.get('x-request-id')).toMatch(/^req_/);
    expect(response.headers.get('x-gateway-instance')).toBe('gateway-under-test');
    expect(response.headers.get('server')).toBeNull();
  });

  it('is taken at the documented path too', async () => {
    const response = await post('/api/chat', CHAT);
    expect(response.status).toBe(200);
    expect(upstream.last.url).toBe('/v1/chat/completions');
  });

  it('streams byte for byte', async () => {
    const chunks = [
      'data: {"choices":[{"index":0,"delta":{"content":"你"}}]}\n\n',
      Buffer.from('data: {"choices":[{"index":0,"delta":{"content":"好"}}]}\n\n').subarray(0, 50),
      Buffer.from('data: {"choices":[{"index":0,"delta":{"content":"好"}}]}\n\n').subarray(50),
      'data: [DONE]\n\n',
    ];
    upstream.next(streamChunks(chunks));
    const response = await post('/v1/chat/completions', { ...CHAT, stream: true });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const expected = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk)));
    expect(Buffer.from(await response.arrayBuffer())).toEqual(expected);
  });

  it('cancels the upstream when the client goes away', async () => {
    const cancelled = Promise.withResolvers<undefined>();
    upstream.next((_req, res) => {
      res.once('close', () => cancelled.resolve(undefined));
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write('data: {"choices":[]}\n\n');
    });
    const abort = new AbortController();
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', channelcode: 'wechat' },
      body: JSON.stringify({ ...CHAT, stream: true }),
      signal: abort.signal,
    });
    await response.body?.getReader().read();
    abort.abort();
    await cancelled.promise;
  });
});

describe('limits', () => {
  it('refuse the request after the last one with the rule that refused', async () => {
    const rule_config = { max_requests_per_minute: 2 };
    await publish({
      rule: [
        aRule({ rule_id: 7, rule_name: 'two a minute', rule_type: 'request_limit', rule_config }),
      ],
    });
    const first = await post('/v1/chat/completions', CHAT);
    expect(first.headers.get('x-ratelimit-remaining-requests')).toBe('1');
    await post('/v1/chat/completions', CHAT);
    const third = await post('/v1/chat/completions', CHAT);
    expect(third.status).toBe(429);
    expect(await third.json()).toMatchObject({
      error: { code: 'F42900', type: 'rate_limit_exceeded', rule: 'two a minute' },
    });
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(third.headers.get('x-gateway-error')).toBe('F42900');
    expect(upstream.received).toHaveLength(2);
  });

  it('count the tokens the upstream reports', async () => {
    const rule_config = { spans: [{ span_seconds: 600, max_total_tokens: 1000 }] };
    await publish({ rule: [aRule({ rule_id: 8, rule_type: 'token_limit', rule_config })] });
    await post('/v1/chat/completions', CHAT);
    await sleep(20);
    const second = await post('/v1/chat/completions', CHAT);
    const remaining = Number(second.headers.get('x-ratelimit-remaining-tokens'));
    expect(remaining).toBeLessThan(1000 - 18);
    expect(remaining).toBeGreaterThan(1000 - 18 - 200);
  });
});

describe('refusals', () => {
  it.each([
    ['no namespace', '/v1/chat/completions', CHAT, { channelcode: 'nobody' }, 403, 'no_namespace'],
    ['unknown path', '/v1/unknown', CHAT, {}, 404, 'F40400'],
    [
      'unknown model',
      '/v1/chat/completions',
      { ...CHAT, model: 'gpt-99' },
      {},
      404,
      'model_not_found',
    ],
    ['empty body', '/v1/chat/completions', '', {}, 400, 'invalid_json'],
    ['malformed JSON', '/v1/chat/completions', '{"model":', {}, 400, 'invalid_json'],
    ['wrong type', '/v1/chat/completions', { ...CHAT, stream: 'true' }, {}, 400, 'invalid_request'],
    [
      'media type',
      '/v1/chat/completions',
      'x',
      { 'content-type': 'text/plain' },
      415,
      'unsupported_media_type',
    ],
  ])('%s', async (...row) => {
    const [, path, body, headers, status, code] = row;
    const response = await post(path, body, headers);
    const answer = (await response.json()) as { error: { code: string; request_id: string } };
    expect([response.status, answer.error.code]).toEqual([status, code]);
    expect(answer.error.request_id).toBe(response.headers.get('x-request-id'));
    expect(upstream.received).toHaveLength(0);
  });
});
