/**
 * Token rules from config-center to whoever counts, and what large prompts, a full service and a
 * service that is away do to a gateway: real processes, real time.
 */
import { freePort } from '@ai-gateway/devkit';
import type { Drift, KnownModels } from '@ai-gateway/contracts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Tenant } from './admin.client.js';
import { eventually } from './eventually.js';
import { Installation, type RunningApp } from './installation.js';

const CREDENTIAL = 'token-service-credential-of-this-test';
const AUTHORIZED = { authorization: `Bearer ${CREDENTIAL}` };
const JSON_TYPE = { 'content-type': 'application/json' };
const MEGABYTE = 1_048_576;
const MODEL = 'gpt-4o-mini';
const HOSTILE = ['漢', 'a', ' ', 'QUJDRA==', '👩\u200d', 'Z\u0351\u0302', '<|endoftext|>'];

let installation: Installation;
let port: number;
let service: RunningApp;
let capped: Tenant;

const startService = (): Promise<RunningApp> =>
  installation.startApp('token-count', {
    TOKEN_SERVICE_PORT: String(port),
    TOKEN_SERVICE_CREDENTIAL: CREDENTIAL,
    GATEWAY_SERVICE_CREDENTIAL: installation.serviceCredential,
    CONFIG_CENTER_URL: installation.configCenter.url,
    REDIS_URL: installation.redis.url,
    DATA_DIR: installation.dataDir,
  });

async function post<Body>(url: string, body: unknown, headers: Record<string, string>) {
  const startedAt = performance.now();
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...JSON_TYPE, ...headers },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Body;
  return { status: response.status, body: answer, durationMs: performance.now() - startedAt };
}

interface Counted {
  method: string;
  encoding: string;
  tokens: { input: number };
}
const calculate = (prompt: string, model = MODEL) =>
  post<Counted>(`${service.url}/calculate`, { model, prompt }, AUTHORIZED);

const ask = (content: string, tenant = capped) =>
  post<{ error?: { code: string } }>(
    `${installation.gateway.url}/v1/chat/completions`,
    { model: MODEL, max_tokens: 2, messages: [{ role: 'user', content }] },
    tenant.headers,
  );

const NEAR_CAP = 'internationalization '.repeat(5);
const megabyteOf = (unit: string) => unit.repeat(Math.floor(MEGABYTE / Buffer.byteLength(unit)));

/** Of the gateway since this was last asked; milliseconds. */
async function loopDelayP99(): Promise<number> {
  const text = await (await fetch(`${installation.gateway.managementUrl}/metrics`)).text();
  const [, seconds] = /^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(text) ?? [];
  return Number(seconds) * 1000;
}

const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((one, other) => one - other)[Math.ceil(values.length * share) - 1] ?? 0;

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
  const rule_config = { max_input_tokens_per_request: 60 };
  capped = await installation.tenant('capped', [
    { rule_name: 'sixty in', rule_type: 'token_limit', rule_config },
  ]);
});
afterAll(() => installation.stop());

describe('a token rule', () => {
  const rule = {
    rule_name: 'the house model',
    model_pattern: 'house-model*',
    encoding: 'cl100k_base',
    family: 'plain',
    method: 'exact',
  };
  const countsBy = (version: number | null) => async (): Promise<true | null> => {
    const response = await fetch(`${service.url}/models`, { headers: AUTHORIZED });
    const { items } = (await response.json()) as KnownModels;
    const known = items.find(({ model_pattern }) => model_pattern === rule.model_pattern);
    return (known?.rule_version ?? null) === version ? true : null;
  };

  it('goes from draft over test to whoever counts, and back', async () => {
    const { admin } = installation;
    expect((await calculate('hello', 'house-model-7b')).body.method).toBe('estimate');
    const { resource } = await admin.write('POST', '/api/v1/token-rules', rule);
    const path = `/api/v1/token-rules/${String(resource['token_rule_id'])}`;
    const samples = [{ prompt: 'hello world', expected: 2 }];
    const tested = await admin.call('POST', `${path}/test`, { body: { samples } });
    expect(tested.body).toMatchObject({ passed: true, results: [{ got: 2, difference: 0 }] });
    expect((await calculate('hello', 'house-model-7b')).body.method).toBe('estimate');

    const publish = () => admin.call('POST', `${path}/publish`, { body: {}, ifMatch: '*' });
    await publish();
    await eventually('the service counts by version 1', countsBy(1));
    expect((await calculate('hello', 'house-model-7b')).body).toMatchObject({
      method: 'exact',
      encoding: 'cl100k_base',
    });

    await admin.write('PUT', path, { method: 'estimate', factor: 3 });
    const second = await publish();
    await eventually('the service counts by version 2', countsBy(2));
    expect((await calculate('hello world', 'house-model-7b')).body).toMatchObject({
      method: 'estimate',
      tokens: { input: 6 },
    });
    await installation.applied(Number(second.headers.get('x-config-revision')));

    await admin.call('POST', `${path}/rollback`, { body: { rule_version: 1 }, ifMatch: '*' });
    await eventually('the service counts by version 1 again', countsBy(1));
  });

  it('outlives every source: the service starts from what it kept', async () => {
    await eventually('the service counts by version 1', countsBy(1));
    await service.app.stop();
    const env = { REDIS_URL: 'redis://127.0.0.1:1', CONFIG_CENTER_URL: 'http://127.0.0.1:1' };
    const alone = await installation.startApp('token-count', {
      TOKEN_SERVICE_PORT: String(port),
      TOKEN_SERVICE_CREDENTIAL: CREDENTIAL,
      GATEWAY_SERVICE_CREDENTIAL: installation.serviceCredential,
      DATA_DIR: installation.dataDir,
      ...env,
    });
    service = alone;
    expect((await calculate('hello', 'house-model-7b')).body.method).toBe('exact');
    await alone.app.kill();
    service = await startService();
  });
});

describe('the service', () => {
  it.each(HOSTILE)('answers for a megabyte of %j in time, and others meanwhile', async (unit) => {
    await calculate('warm');
    const [large, ...small] = await Promise.all([
      calculate(megabyteOf(unit)),
      ...Array.from({ length: 5 }, () => calculate('hello')),
    ]);
    expect(large.status).toBe(200);
    expect(large.durationMs).toBeLessThan(400);
    expect(
      percentile(
        small.map(({ durationMs }) => durationMs),
        0.99,
      ),
    ).toBeLessThan(200);
    expect(small.map(({ body }) => body.method)).toEqual(Array(5).fill('exact'));
  });

  it('refuses what it cannot queue, and gateways estimate then', async () => {
    const large = 'a '.repeat(MEGABYTE / 2);
    const flood = Array.from({ length: 200 }, () => calculate(large));
    const near = await ask(NEAR_CAP);
    const statuses = new Set((await Promise.all(flood)).map(({ status }) => status));
    expect([...statuses].every((status) => status === 200 || status === 503)).toBe(true);
    expect([200, 400]).toContain(near.status);
    expect((await calculate('hello')).body.method).toBe('exact');
  });
});

describe('a gateway', () => {
  it('keeps its event loop free while it decides about megabytes', async () => {
    await ask('warm');
    await loopDelayP99();
    const small: number[] = [];
    for (const unit of HOSTILE) {
      const large = ask(megabyteOf(unit));
      for (let turn = 0; turn < 4; turn += 1) small.push((await ask('hello')).durationMs);
      expect((await large).body.error?.code).toBe('prompt_exceeds_limit');
    }
    const p99 = await loopDelayP99();
    expect(p99).toBeLessThan(50);
    expect(percentile(small, 0.99)).toBeLessThan(200);
  });

  it('waits 100 ms at most for a frozen service, asks it no more, and is exact again', async () => {
    service.app.signal('SIGSTOP');
    const durations: number[] = [];
    for (let turn = 0; turn < 30; turn += 1) {
      const { status, durationMs } = await ask(NEAR_CAP);
      expect(status).toBe(200);
      durations.push(durationMs);
    }
    expect(durations.filter((ms) => ms > 100).length).toBeLessThanOrEqual(7);
    expect(Math.max(...durations)).toBeLessThan(400);
    service.app.signal('SIGCONT');
    await eventually('the service counts again', asksService, 5000);
  });

  it('counts by itself at once when the service is killed, and asks it again when it is back', async () => {
    await service.app.kill();
    const durations: number[] = [];
    for (let turn = 0; turn < 12; turn += 1) {
      const { status, durationMs } = await ask(NEAR_CAP);
      expect(status).toBe(200);
      durations.push(durationMs);
    }
    expect(percentile(durations, 0.5)).toBeLessThan(50);
    expect((await ask(NEAR_CAP.repeat(20))).status).toBe(400);
    service = await startService();
    await eventually('the service counts again', asksService, 5000);
  });

  it('tells the service how far its counts are from reported usage', async () => {
    for (let turn = 0; turn < 3; turn += 1) expect((await ask(NEAR_CAP)).status).toBe(200);
    const drift = await eventually('drift is known', async () => {
      const response = await fetch(`${service.url}/drift`, { headers: AUTHORIZED });
      const { items } = (await response.json()) as Drift;
      return items.find(({ model }) => model === MODEL) ?? null;
    });
    expect(drift).toMatchObject({ method: 'exact', mean_error: 0, proposed_factor: null });
  });

  async function asksService(): Promise<true | null> {
    const calls = async () => {
      const text = await (await fetch(`${service.url}/metrics`, { headers: AUTHORIZED })).text();
      const samples = text.matchAll(/^token_count_outcomes_total\{.*\} (\d+)$/gm);
      return [...samples].reduce((sum, [, value]) => sum + Number(value), 0);
    };
    const before = await calls();
    expect((await ask(NEAR_CAP)).status).toBe(200);
    return (await calls()) > before ? true : null;
  }
});
