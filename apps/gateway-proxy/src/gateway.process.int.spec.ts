import { createLogger, createRegistry } from '@ai-gateway/node-runtime';
import {
  aMatcher,
  aModel,
  aNamespace,
  aRoute,
  aRule,
  aTarget,
  anUpstream,
  sendRaw,
} from '@ai-gateway/testing';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { createLimiter } from './admission.factory.js';
import { startGateway, type Configuration, type RunningGateway } from './gateway.fixture.js';
import { GatewayProcess } from './gateway.process.js';
import { createGatewayMetrics } from './metrics.js';
import { readSettings } from './settings.js';
import { ScriptedUpstream, answerChat } from './upstream.fixture.js';

let upstream: ScriptedUpstream;
let other: ScriptedUpstream;
let gateway: RunningGateway | null = null;

const configuration = (more: Configuration = {}): Configuration => ({
  namespace: [aNamespace()],
  matcher: [aMatcher()],
  upstream: [anUpstream()],
  target: [aTarget({ url: upstream.url })],
  model: [aModel()],
  ...more,
});

beforeAll(async () => {
  upstream = await ScriptedUpstream.start();
  other = await ScriptedUpstream.start(answerChat('{"from":"other"}'));
});
afterAll(async () => {
  await upstream.close();
  await other.close();
});
afterEach(async () => {
  upstream.next(answerChat());
  await gateway?.close();
  gateway = null;
});

const chat = (url: string, more: object = {}): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', channelcode: 'wechat' },
    body: JSON.stringify({
      model: 'gpt-4o-mini',
      messages: [{ role: 'user', content: 'hi' }],
      ...more,
    }),
  });

/** A stream that has begun and ends when told. */
function openStream(): { begun: Promise<unknown>; end: () => void } {
  const begun = Promise.withResolvers<unknown>();
  const release = Promise.withResolvers<unknown>();
  upstream.next((_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write('data: {"choices":[]}\n\n', begun.resolve);
    void release.promise.then(() => res.end('data: [DONE]\n\n'));
  });
  return { begun: begun.promise, end: () => release.resolve(null) };
}

describe('a gateway without configuration', () => {
  it('answers 503 and is not ready, yet alive', async () => {
    const settings = readSettings({ GATEWAY_PORT: '0', GATEWAY_MANAGEMENT_PORT: '0' });
    const bare = await GatewayProcess.create(
      settings,
      createLogger({ name: 'bare', level: 'error' }),
      { sources: [] },
    );
    await bare.start();
    const url = `http://127.0.0.1:${bare.port}`;
    const response = await chat(url);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await response.json()).toMatchObject({ error: { code: 'config_not_ready' } });
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    const health = await fetch(`${url}/health`);
    expect([health.status, await health.json()]).toMatchObject([503, { status: 'unhealthy' }]);
    await bare.drain();
    await bare.close();
  });
});

describe('configuration', () => {
  it('is swapped under load, and each request stays on the one it began with', async () => {
    gateway = await startGateway(configuration());
    const stream = openStream();
    const old = await chat(gateway.url, { stream: true });
    await stream.begun;
    await gateway.publish(configuration({ target: [aTarget({ url: other.url })] }));
    const fresh = await chat(gateway.url);
    expect([fresh.headers.get('x-gateway-revision'), await fresh.text()]).toEqual([
      '2',
      '{"from":"other"}',
    ]);
    stream.end();
    expect(await old.text()).toContain('[DONE]');
    expect(old.headers.get('x-gateway-revision')).toBe('1');
  });

  it('keeps the last good value of a resource that is not valid, and says so', async () => {
    gateway = await startGateway(configuration());
    const broken = { ...aMatcher(), match_operator: 'regex' as const, match_value: '(' };
    await gateway.publish(configuration({ matcher: [broken] }));
    expect((await chat(gateway.url)).status).toBe(200);
    const health = (await (await fetch(`${gateway.url}/health`)).json()) as object;
    expect(health).toMatchObject({
      status: 'degraded',
      config: { revision: 2, refused_resources: [{ kind: 'matcher', id: 1 }] },
    });
    expect(await gateway.metric('gateway_config_nacks{kind="matcher"}')).toBe(1);
  });
});

describe('management', () => {
  it.each(['/health', '/livez', '/readyz', '/metrics'])(
    'answers %s on both listeners',
    async (path) => {
      gateway = await startGateway(configuration());
      for (const url of [gateway.url, gateway.managementUrl]) {
        expect((await fetch(url + path)).status).toBe(200);
      }
    },
  );

  it('shows every metric that has been touched', async () => {
    const route = aRoute({ upstream_id: 2 });
    gateway = await startGateway(
      configuration({
        rule: [aRule({ rule_type: 'request_limit', rule_config: { max_requests_per_minute: 1 } })],
        upstream: [
          anUpstream(),
          anUpstream({ upstream_id: 2, upstream_code: 's', protocol: 'http' }),
        ],
        route: [route],
      }),
    );
    await (await chat(gateway.url)).text();
    await chat(gateway.url);
    await sendRaw(gateway.port, 'BAD\r\n\r\n');
    await gateway.idle();
    const text = await (await fetch(`${gateway.managementUrl}/metrics`)).text();
    for (const name of [
      'gateway_requests_total',
      'gateway_errors_total',
      'gateway_refusals_total',
      'gateway_request_duration_seconds_bucket',
      'gen_ai_server_time_to_first_token_seconds_bucket',
      'gateway_overhead_seconds_bucket',
      'gateway_tokens_total',
      'gateway_settlements_total',
      'gateway_inflight_requests',
      'gateway_limiter_mode',
      'gateway_upstream_requests_total',
      'gateway_config_applied_revision',
      'gateway_config_apply_seconds_bucket',
      'gateway_active_routes',
      'gateway_build_info',
    ]) {
      expect(text).toMatch(new RegExp(`^${name}(\\{| )`, 'm'));
    }
    expect(await gateway.metric('gateway_active_routes')).toBe(1);
    expect(await gateway.metric('gateway_limiter_mode{mode="local"}')).toBe(1);
  });

  it('reads and adjusts counters for the service credential alone', async () => {
    const credential = 'service-credential-1234';
    const rule_config = { max_requests_per_minute: 5 };
    gateway = await startGateway(
      configuration({ rule: [aRule({ rule_type: 'request_limit', rule_config })] }),
      {
        GATEWAY_SERVICE_CREDENTIAL: credential,
      },
    );
    await chat(gateway.url);
    const path = '/internal/counters/1?namespace=1';
    const url = gateway.managementUrl + path;
    const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' };
    const add = (body: string) => fetch(url, { method: 'POST', headers, body });
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(url, { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
    expect((await fetch(gateway.url + path, { headers })).status).toBe(404);
    expect((await fetch(`${url}9`, { headers })).status).toBe(404);
    expect((await fetch(`${url}&scope=../x`, { headers })).status).toBe(404);
    expect(await (await fetch(url, { headers })).json()).toMatchObject({
      counters: [{ measure: 'requests', used: 1, limit: 5 }],
    });
    const addition = { span_ms: 60_000, measure: 'requests', amount: 2 };
    expect(await (await add(JSON.stringify(addition))).json()).toEqual({ value: 3 });
    expect((await add('{')).status).toBe(400);
    expect((await add('{}')).status).toBe(400);
    expect((await add('x'.repeat(5000))).status).toBe(413);
  });
});

describe('overload', () => {
  it('is shed with 503, and served again afterwards', async () => {
    gateway = await startGateway(configuration(), { GATEWAY_MAX_INFLIGHT: '1' });
    const stream = openStream();
    const first = await chat(gateway.url, { stream: true });
    await stream.begun;
    const second = await chat(gateway.url);
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, '1']);
    stream.end();
    await first.text();
    await gateway.idle();
    upstream.next(answerChat());
    expect((await chat(gateway.url)).status).toBe(200);
  });
});

describe('a gateway that is told to stop', () => {
  it('is not ready, takes no connection, and lets open streams finish', async () => {
    gateway = await startGateway(configuration(), { GATEWAY_DRAIN_MS: '5000' });
    const stream = openStream();
    const open = await chat(gateway.url, { stream: true });
    await stream.begun;
    gateway.process.beginDraining();
    expect((await fetch(`${gateway.managementUrl}/readyz`)).status).toBe(503);
    const drained = gateway.process.drain();
    await expect(chat(gateway.url)).rejects.toThrow();
    stream.end();
    expect(await open.text()).toContain('[DONE]');
    await drained;
  });

  it('ends streams beyond its deadline with an error event', async () => {
    gateway = await startGateway(configuration(), { GATEWAY_DRAIN_MS: '50' });
    const stream = openStream();
    const open = await chat(gateway.url, { stream: true });
    await stream.begun;
    const text = open.text();
    await gateway.process.drain();
    expect(await text).toContain('shutting_down');
    stream.end();
  });
});

describe('the limiter', () => {
  const metrics = () => createGatewayMetrics(createRegistry());
  const logger = createLogger({ name: 'limiter', level: 'fatal' as 'error' });
  const limit = aRule({ rule_type: 'request_limit', rule_config: { max_requests_per_minute: 1 } });

  it('is shared over Redis where there is one', async () => {
    const instanceId = `gateway-${process.pid}`;
    gateway = await startGateway(
      configuration({
        namespace: [aNamespace({ namespace_id: 987_001 })],
        matcher: [aMatcher({ namespace_id: 987_001 })],
        rule: [{ ...limit, rule_id: process.pid, namespace_id: 987_001 }],
      }),
      { REDIS_URL: inject('redisUrl'), GATEWAY_INSTANCE_ID: instanceId },
    );
    expect(await gateway.metric('gateway_limiter_mode{mode="shared"}')).toBe(1);
    expect((await chat(gateway.url)).status).toBe(200);
    expect((await chat(gateway.url)).status).toBe(429);
  });

  it('goes on with this instance’s share when Redis is away, and says so', async () => {
    gateway = await startGateway(configuration({ rule: [limit] }), {
      REDIS_URL: 'redis://127.0.0.1:1',
    });
    const response = await chat(gateway.url);
    expect([response.status, response.headers.get('x-gateway-degraded')]).toEqual([200, 'limits']);
    // The first failures may pass; then the store counts as away.
    const statuses: number[] = [];
    while (statuses.length < 5) statuses.push((await chat(gateway.url)).status);
    expect(statuses.slice(-2)).toEqual([429, 429]);
    expect(await gateway.metric('gateway_limiter_mode{mode="degraded"}')).toBe(1);
  });

  it('counts in this process without Redis', async () => {
    const local = createLimiter({
      redisUrl: null,
      liveInstances: () => 1,
      instanceId: 'a',
      metrics: metrics(),
      logger,
    });
    expect(local.admission.mode).toBe('local');
    await local.close();
  });
});

it('does not start with a master key that is none', async () => {
  const settings = readSettings({ MASTER_KEY: 'short' });
  const logger = createLogger({ name: 'keyless', level: 'error' });
  await expect(GatewayProcess.create(settings, logger, { sources: [] })).rejects.toThrow();
});

it('waits for a silent upstream as long as GATEWAY_DEFAULT_TIMEOUT says', async () => {
  gateway = await startGateway(configuration(), { GATEWAY_DEFAULT_TIMEOUT: '1' });
  upstream.next(() => undefined);
  const response = await chat(gateway.url);
  upstream.next(answerChat());
  expect([response.status, response.headers.get('x-gateway-error')]).toEqual([504, 'F50400']);
});
