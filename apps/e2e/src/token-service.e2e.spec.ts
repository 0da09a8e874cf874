/** The token service by itself and behind a gateway, alive, dead and frozen. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { freePort } from '@ai-gateway/devkit';
import type { Tenant } from './admin.client.js';
import { eventually } from './eventually.js';
import { Installation, type RunningApp } from './installation.js';

const CREDENTIAL = 'token-service-credential-of-this-test';
const AUTHORIZED = { authorization: `Bearer ${CREDENTIAL}` };
/** Source: quick test of the source documents. */
const DOCUMENTED = { model: 'Qwen3-8B', messages: [{ role: 'user', content: '你好' }] };
/** What Qwen3's chat template and tokenizer make of it. */
const DOCUMENTED_TOKENS = 9;

let installation: Installation;
let port: number;
let service: RunningApp;
let tenant: Tenant;

const startService = (): Promise<RunningApp> =>
  installation.startApp('token-count', {
    TOKEN_SERVICE_PORT: String(port),
    TOKEN_SERVICE_CREDENTIAL: CREDENTIAL,
  });

const calculate = (body: unknown, headers: Record<string, string> = AUTHORIZED) =>
  fetch(`${service.url}/calculate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

/** How many requests the service has answered. */
async function calculations(): Promise<number> {
  const text = await (await fetch(`${service.url}/metrics`, { headers: AUTHORIZED })).text();
  const samples = text.matchAll(/^token_count_requests_total\{.*calculate.*\} (\d+)$/gm);
  return [...samples].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** A prompt whose bound in bytes is above the cap of 30 tokens while its count is below. */
async function askNearCap(): Promise<{ status: number; durationMs: number }> {
  const startedAt = performance.now();
  const response = await fetch(`${installation.gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...tenant.headers },
    body: JSON.stringify({
      model: 'Qwen3-8B',
      max_tokens: 2,
      messages: [{ role: 'user', content: 'internationalization '.repeat(5) }],
    }),
  });
  await response.arrayBuffer();
  return { status: response.status, durationMs: performance.now() - startedAt };
}

beforeAll(async () => {
  port = await freePort();
  installation = await Installation.start({
    mysqlUrl: inject('mysqlUrl'),
    gatewayEnv: {
      TOKEN_SERVICE_URL: `http://127.0.0.1:${port}`,
      TOKEN_SERVICE_CREDENTIAL: CREDENTIAL,
      USE_PRECISE_TOKEN_CALCULATION: 'true',
    },
  });
  service = await startService();
  tenant = await installation.tenant('near-cap', [
    {
      rule_name: 'thirty in',
      rule_type: 'token_limit',
      rule_config: { max_input_tokens_per_request: 30 },
    },
  ]);
});
afterAll(() => installation.stop());

describe('the service', () => {
  it('counts the documented example exactly', async () => {
    const response = await calculate(DOCUMENTED);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      model: 'Qwen3-8B',
      encoding: 'qwen2',
      method: 'exact',
      tokens: { input: DOCUMENTED_TOKENS, per_message: [6] },
    });
  });

  it('agrees with the usage the model server reports', async () => {
    const response = await fetch(`${installation.gateway.url}/api/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-channel-code': 'test-channel' },
      body: JSON.stringify(DOCUMENTED),
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ usage: { prompt_tokens: DOCUMENTED_TOKENS } });
  });

  it.each([
    ['no credential', DOCUMENTED, {}, 401],
    ['a wrong credential', DOCUMENTED, { authorization: 'Bearer wrong' }, 401],
    ['nothing to count', { model: 'gpt-4o' }, AUTHORIZED, 400],
    ['two things to count', { ...DOCUMENTED, prompt: 'x' }, AUTHORIZED, 422],
    ['an unknown field', { ...DOCUMENTED, extra: 1 }, AUTHORIZED, 400],
    ['a path as model', { ...DOCUMENTED, model: '../../etc' }, AUTHORIZED, 404],
  ])('refuses %s', async (_name, body, headers, status) => {
    const response = await calculate(body, headers);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({
      code: expect.stringMatching(/^[A-Z_]+$/),
      request_id: response.headers.get('x-request-id'),
    });
  });
});

describe('a gateway with precise calculation', () => {
  it('asks the service where the exact count decides', async () => {
    const before = await calculations();
    expect((await askNearCap()).status).toBe(200);
    expect(await calculations()).toBeGreaterThan(before);
  });

  it('goes on counting by itself while the service is frozen, and waits for it only briefly', async () => {
    service.app.signal('SIGSTOP');
    const slow: number[] = [];
    for (let n = 0; n < 12; n += 1) {
      const { status, durationMs } = await askNearCap();
      expect(status).toBe(200);
      if (durationMs > 90) slow.push(durationMs);
    }
    expect(Math.max(0, ...slow)).toBeLessThan(1000);
    expect(slow.length).toBeLessThan(12);
    service.app.signal('SIGCONT');
    await eventually('the service is asked again', asksService, 10_000);
  });

  it('goes on counting by itself while the service is dead, and asks it again when it is back', async () => {
    await service.app.kill();
    for (let n = 0; n < 8; n += 1) expect((await askNearCap()).status).toBe(200);
    service = await startService();
    await eventually('the service is asked again', asksService, 10_000);
  });

  it('refuses what is above the cap, whoever counts', async () => {
    const response = await fetch(`${installation.gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...tenant.headers },
      body: JSON.stringify({
        model: 'Qwen3-8B',
        messages: [{ role: 'user', content: 'internationalization '.repeat(50) }],
      }),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'prompt_exceeds_limit' } });
  });

  async function asksService(): Promise<true | null> {
    const before = await calculations();
    expect((await askNearCap()).status).toBe(200);
    return (await calculations()) > before ? true : null;
  }
});
