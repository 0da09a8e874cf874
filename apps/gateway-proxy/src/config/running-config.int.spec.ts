/** What a new revision of policies and settings changes on a gateway that goes on running. */
import {
  aMatcher,
  aModel,
  aNamespace,
  aPolicy,
  aPolicyRule,
  aRule,
  aTarget,
  anUpstream,
  someSettings,
} from '@ai-gateway/testing';
import type { GatewaySettingsValues } from '@ai-gateway/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type Configuration, type RunningGateway } from '../gateway.fixture.js';
import { ScriptedUpstream, answerChat } from '../upstream.fixture.js';

let upstream: ScriptedUpstream;
let gateway: RunningGateway | null = null;

beforeAll(async () => {
  upstream = await ScriptedUpstream.start();
});
afterAll(() => upstream.close());
afterEach(async () => {
  upstream.next(answerChat());
  await gateway?.close();
  gateway = null;
});

const CODES = ['wechat', 'alipay'] as const;

const perMinute = (limit: number) =>
  ({
    rule_type: 'request_limit',
    rule_config: { max_requests_per_minute: limit, algorithm: 'fixed_window' },
  }) as const;

/** Two namespaces, both of policy 3. */
const configuration = (more: Configuration = {}): Configuration => ({
  namespace: CODES.map((namespace_code, index) =>
    aNamespace({ namespace_id: index + 1, namespace_code, policy_ids: [3] }),
  ),
  matcher: CODES.map((match_value, index) =>
    aMatcher({ matcher_id: index + 1, namespace_id: index + 1, match_value }),
  ),
  policy: [aPolicy({ policy_id: 3, rules: [] })],
  upstream: [anUpstream()],
  target: [aTarget({ url: upstream.url })],
  model: [aModel()],
  ...more,
});

const policyOf = (limit: number): Configuration => ({
  policy: [aPolicy({ policy_id: 3, rules: [aPolicyRule(1, perMinute(limit))] })],
});

function chat(code: string, more: object = {}): Promise<Response> {
  return fetch(`${gateway?.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', channelcode: code },
    body: JSON.stringify({
      model: 'gpt-4o-mini',
      messages: [{ role: 'user', content: 'hi' }],
      ...more,
    }),
  });
}

const statuses = async (...codes: string[]): Promise<number[]> => {
  const found: number[] = [];
  for (const code of codes) found.push((await chat(code)).status);
  return found;
};

describe('a policy', () => {
  it('refuses the requests of a namespace that cannot run, rather than serve them as the default', async () => {
    const namespace = [
      aNamespace({ namespace_id: 1, namespace_code: 'open', is_default: true }),
      aNamespace({ namespace_id: 2, namespace_code: 'alipay', policy_ids: [9] }),
    ];
    gateway = await startGateway(configuration({ namespace }));
    const refused = await chat('alipay');
    expect([refused.status, refused.headers.get('x-gateway-error')]).toEqual([
      503,
      'namespace_unavailable',
    ]);
    expect((await chat('anybody')).status).toBe(200);
    const policy = [aPolicy({ policy_id: 9, rules: [aPolicyRule(1, perMinute(7))] })];
    await gateway.publish(configuration({ namespace, policy }));
    expect((await chat('alipay')).headers.get('x-ratelimit-limit-requests')).toBe('7');
  });

  it('that changes refuses the next request in all its namespaces', async () => {
    gateway = await startGateway(configuration());
    expect(await statuses('wechat', 'alipay')).toEqual([200, 200]);
    await gateway.publish(configuration(policyOf(0)));
    const refused = await chat('wechat');
    expect([refused.status, (await chat('alipay')).status]).toEqual([429, 429]);
    expect(await refused.json()).toMatchObject({ error: { rule: 'requests per minute' } });
    await gateway.publish(configuration());
    expect(await statuses('wechat', 'alipay')).toEqual([200, 200]);
  });

  it('counts each namespace apart, under its own name', async () => {
    const credential = 'service-credential-1234';
    gateway = await startGateway(configuration(policyOf(2)), {
      GATEWAY_SERVICE_CREDENTIAL: credential,
    });
    expect(await statuses('wechat', 'wechat', 'wechat', 'alipay')).toEqual([200, 200, 429, 200]);
    const used = async (namespace: number) => {
      const url = `${gateway?.managementUrl}/internal/counters/p3-1?namespace=${namespace}`;
      const headers = { authorization: `Bearer ${credential}` };
      const { counters } = (await (await fetch(url, { headers })).json()) as {
        counters: { used: number }[];
      };
      return counters[0]?.used;
    };
    expect([await used(1), await used(2)]).toEqual([2, 1]);
  });

  it('is overridden by an own rule of the same name, and by a disabled one', async () => {
    const own = aRule({ rule_id: 7, ...perMinute(1) });
    gateway = await startGateway(configuration({ ...policyOf(0), rule: [own] }));
    expect(await statuses('wechat', 'wechat', 'alipay')).toEqual([200, 429, 429]);
    await gateway.publish(configuration({ ...policyOf(0), rule: [{ ...own, status: 0 }] }));
    expect(await statuses('wechat', 'wechat', 'alipay')).toEqual([200, 200, 429]);
  });

  it('keeps its counters while its rules change', async () => {
    gateway = await startGateway(configuration(policyOf(1)));
    expect(await statuses('wechat', 'wechat')).toEqual([200, 429]);
    await gateway.publish(configuration(policyOf(2)));
    expect(await statuses('wechat', 'wechat')).toEqual([200, 429]);
  });
});

describe('settings of a level', () => {
  const withSettings = (values: GatewaySettingsValues): Configuration =>
    configuration({ settings: [someSettings({ values })] });
  const health = async () =>
    (await (await fetch(`${gateway?.managementUrl}/health`)).json()) as Record<string, unknown>;

  it('merge cluster, groups and instance over the environment', async () => {
    const levels = configuration({
      settings: [
        someSettings({ values: { expose_decision: true, drain_ms: 11 } }),
        someSettings({
          settings_id: 2,
          level: 'group',
          level_name: 'canary',
          values: { drain_ms: 22 },
        }),
        someSettings({
          settings_id: 3,
          level: 'instance',
          level_name: 'somebody-else',
          values: { drain_ms: 33 },
        }),
      ],
    });
    gateway = await startGateway(levels, { GATEWAY_GROUPS: 'eu, canary' });
    expect(gateway.process.drainMs).toBe(22);
    expect((await chat('wechat')).headers.get('x-gateway-namespace')).toBe('wechat');
    expect(await health()).toMatchObject({ groups: ['eu', 'canary'], settings_revision: 1 });
  });

  it('say since which revision they hold', async () => {
    gateway = await startGateway(configuration());
    expect(await health()).toMatchObject({ groups: [], settings_revision: 0 });
    await gateway.publish(withSettings({ drain_ms: 5 }));
    await gateway.publish({ ...withSettings({ drain_ms: 5 }), ...policyOf(9) });
    expect(await health()).toMatchObject({ settings_revision: 2 });
  });

  it('show and hide the decision', async () => {
    gateway = await startGateway(configuration(), { GATEWAY_EXPOSE_DECISION: 'true' });
    const shown = async () => (await chat('wechat')).headers.get('x-gateway-namespace');
    expect(await shown()).toBe('wechat');
    await gateway.publish(withSettings({ expose_decision: false }));
    expect(await shown()).toBeNull();
    await gateway.publish(configuration());
    expect(await shown()).toBe('wechat');
  });

  it('cap bodies and requests in progress', async () => {
    gateway = await startGateway(configuration());
    const large = { user: 'x'.repeat(2000) };
    expect((await chat('wechat', large)).status).toBe(200);
    await gateway.publish(withSettings({ max_body_bytes: 1024 }));
    expect((await chat('wechat', large)).status).toBe(413);
    await gateway.publish(withSettings({ max_inflight: 1 }));
    const arrived = Promise.withResolvers<() => void>();
    upstream.next((req, res) => {
      req.resume();
      arrived.resolve(() => answerChat()(req, res, Buffer.alloc(0)));
    });
    const first = chat('wechat');
    const answer = await arrived.promise;
    expect((await chat('wechat')).status).toBe(503);
    answer();
    expect((await first).status).toBe(200);
  });

  it('bound the wait for a silent upstream', async () => {
    gateway = await startGateway(configuration());
    await gateway.publish(withSettings({ default_timeout_sec: 1 }));
    upstream.next(() => undefined);
    const response = await chat('wechat');
    expect([response.status, response.headers.get('x-gateway-error')]).toEqual([504, 'F50400']);
  });

  it('switch the access log and the log level', async () => {
    gateway = await startGateway(configuration());
    const lines = async () => {
      const before = gateway?.records().length ?? 0;
      await chat('wechat').then((response) => response.text());
      await gateway?.idle();
      return (gateway?.records().length ?? 0) - before;
    };
    expect(await lines()).toBe(1);
    await gateway.publish(withSettings({ access_log: false }));
    expect(await lines()).toBe(0);
    await gateway.publish(withSettings({ log_level: 'error' }));
    expect(await lines()).toBe(0);
    const quiet = gateway.log.length;
    await gateway.publish(withSettings({ log_level: 'error', drain_ms: 1 }));
    expect(gateway.log.length).toBe(quiet);
    await gateway.publish(configuration());
    expect(await lines()).toBe(1);
    expect(gateway.log.length).toBeGreaterThan(quiet);
  });

  it('decide how long streams get when it stops', async () => {
    gateway = await startGateway(configuration(), { GATEWAY_DRAIN_MS: '600000' });
    await gateway.publish(withSettings({ drain_ms: 0 }));
    const arrived = Promise.withResolvers<unknown>();
    upstream.next((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write('data: {"choices":[{"delta":{"content":"a"}}]}\n\n');
      arrived.resolve(null);
    });
    const open = await chat('wechat', { stream: true });
    await arrived.promise;
    const text = open.text();
    await gateway.process.drain();
    expect(await text).toContain('shutting_down');
  });
});
