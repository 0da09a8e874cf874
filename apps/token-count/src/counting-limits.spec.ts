/** What hostile texts, sizes and names may cost: time, memory, and nobody else's answer. */
import { performance, monitorEventLoopDelay } from 'node:perf_hooks';
import { TokenPool } from '@ai-gateway/tokenizer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, post, serve } from './served-app.contract.js';

const MEGABYTE = 1_048_576;
const repeated = (unit: string, bytes: number) =>
  unit.repeat(Math.floor(bytes / Buffer.byteLength(unit)));

describe('with a budget', () => {
  const pool = new TokenPool({ threads: 1 });
  beforeAll(async () => {
    await pool.load(['qwen2']);
  });
  afterAll(() => pool.close());
  const url = serve({ pool, budgetMs: 100 });

  it.each(['漢', 'a', ' ', 'QUJDRA==', '👩\u200d', 'Z\u0351\u0302'])(
    'a megabyte of %j is answered soon, exactly or as an estimate, without a pause for others',
    // On a machine that does other work an attempt may wait for a core; one of three must not.
    { retry: 2, timeout: 20_000 },
    async (unit) => {
      const body = { model: 'Qwen3-8B', prompt: repeated(unit, MEGABYTE) };
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      const startMs = performance.now();
      const { status, body: answer } = await post(url(), body);
      const durationMs = performance.now() - startMs;
      delay.disable();
      expect(status).toBe(200);
      expect(['exact', 'estimate']).toContain(answer['method']);
      expect(durationMs).toBeLessThan(400);
      expect(delay.percentile(99) / 1e6).toBeLessThan(60);
    },
  );

  it('ten megabytes are too many', async () => {
    const prompt = 'a'.repeat(10 * MEGABYTE);
    const { status, body } = await post(url(), { model: 'gpt-4o', prompt });
    expect([status, body['code']]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  });
});

describe('when everything waits', () => {
  const silent = new URL(
    `data:text/javascript,${encodeURIComponent(
      'import { parentPort } from "node:worker_threads"; parentPort.on("message", () => {})',
    )}`,
  );
  const pool = new TokenPool({ threads: 1, entry: silent, maxQueued: 8 });
  afterAll(() => pool.close());
  const url = serve({ pool, budgetMs: 300 });

  it('more than the queue holds is answered with 503, the others with an estimate', async () => {
    const prompt = 'a'.repeat(MEGABYTE / 16);
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => post(url(), { model: 'gpt-4o', prompt })),
    );
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].sort()).toEqual([200, 503]);
    const refused = answers.find(({ status }) => status === 503);
    expect(refused?.body['code']).toBe('OVERLOADED');
    expect(refused?.headers.get('retry-after')).toBe('1');
    const estimated = answers.find(({ status }) => status === 200);
    expect(estimated?.body).toMatchObject({ method: 'estimate' });
  });
});

describe('with a vocabulary that cannot be read', () => {
  const damaged = new URL(
    `data:text/javascript,${encodeURIComponent(`
      import { parentPort } from "node:worker_threads";
      parentPort.on("message", ({ id, kind, body, rule }) => {
        if (kind === "load") parentPort.postMessage({ id, failed: { qwen2: "is cut short" } });
        else if (rule.encoding === "qwen2") parentPort.postMessage({ id, error: "is cut short" });
        else parentPort.postMessage({ id, answer: { model: body.model, encoding: rule.encoding,
          method: "exact", tokens: { input: 1 } } });
      });`)}`,
  );
  const pool = new TokenPool({ threads: 1, entry: damaged });
  afterAll(() => pool.close());
  const url = serve({ pool });

  it('its models are refused so that gateways count by themselves, others are served', async () => {
    expect(await pool.load(['qwen2', 'o200k_base'])).toEqual({ qwen2: 'is cut short' });
    const refused = await post(url(), ask('hello', 'Qwen3-8B'));
    expect([refused.status, refused.body['code']]).toEqual([503, 'OVERLOADED']);
    expect((await post(url(), ask('hello'))).status).toBe(200);
  });
});

describe('a batch', () => {
  const url = serve();
  const strict = serve({ strictModels: true });

  it('is answered in order', async () => {
    const requests = [ask('你好', 'Qwen3-8B'), { model: 'gpt-4o', prompt: 'hello world' }];
    const { status, body } = await post(url(), { requests });
    expect(status).toBe(200);
    expect(body['results']).toMatchObject([
      { model: 'Qwen3-8B', tokens: { input: 9 }, method: 'exact' },
      { model: 'gpt-4o', tokens: { input: 2 }, method: 'exact' },
    ]);
  });

  it('may hold a thousand requests and no more', async () => {
    const requests = (length: number) =>
      Array.from({ length }, () => ({ model: 'gpt-4o', prompt: 'a' }));
    const full = await post(url(), { requests: requests(1000) });
    expect([full.status, (full.body['results'] as unknown[]).length]).toEqual([200, 1000]);
    for (const length of [1001, 10_000]) {
      const { status, body } = await post(url(), { requests: requests(length) });
      expect([status, body['code']]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    }
  });

  it.each([
    ['nothing in it', { requests: [] }, 400],
    ['fields beside it', { requests: [ask('x')], prompt: 'x' }, 422],
    ['a batch in it', { requests: [{ requests: [ask('x')] }] }, 400],
  ])('with %s is refused', async (_what, body, status) => {
    expect((await post(url(), body)).status).toBe(status);
  });

  it('names the request that is wrong', async () => {
    const requests = [ask('x'), ask('x', 'my-model')];
    const { status, body } = await post(strict(), { requests });
    expect([status, body['details']]).toEqual([
      404,
      [{ path: 'requests.1.model', message: 'is not a known model' }],
    ]);
  });
});

describe("Anthropic's count_tokens", () => {
  const credential = 'a-credential-of-our-own';
  const url = serve({ credential });
  const path = '/v1/messages/count_tokens';
  const headers = { path, 'x-api-key': credential, 'anthropic-version': '2023-06-01' };
  const model = 'claude-opus-4-8';

  it('answers in its own shape and counts system, tools and blocks', async () => {
    const messages = [{ role: 'user', content: [{ type: 'text', text: 'Hello, Claude' }] }];
    const bare = await post(url(), { model, messages }, headers);
    expect(bare.status).toBe(200);
    expect(Object.keys(bare.body)).toEqual(['input_tokens']);
    expect(bare.headers.get('x-token-count-method')).toBe('estimate');
    const tools = [{ name: 'f', input_schema: { type: 'object' } }];
    const whole = { model, messages, tools, system: 'You are terse.', thinking: {} };
    const { body } = await post(url(), whole, headers);
    expect(Number(body['input_tokens'])).toBeGreaterThan(Number(bare.body['input_tokens']) + 500);
  });

  it('wants a credential, messages and parts with a rule', async () => {
    const hologram = { model, messages: [{ role: 'user', content: [{ type: 'hologram' }] }] };
    expect((await post(url(), hologram, { path })).status).toBe(401);
    expect((await post(url(), { model }, headers)).status).toBe(400);
    expect((await post(url(), hologram, headers)).status).toBe(400);
  });
});
