import 'reflect-metadata';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createConnection } from 'mysql2/promise';
import { Redis } from 'ioredis';
import { copyKeys, feedKeys, type ConfigHead } from '@ai-gateway/contracts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { TestApp, testSettings } from './admin-api-client.contract.js';
import { describeAdminApi } from './admin-api.contract.js';
import { describeGatewaySettings } from './features/gateway-settings/gateway-settings.contract.js';
import { describePolicies } from './features/policies/policies.contract.js';
import { describeTokenRules } from './features/token-rules/token-rules.contract.js';
import { newDatabase } from './new-database.contract.js';

/** Redis databases keep the fixed key names of several test files apart. */
function redisUrl(database: number): string {
  const url = new URL(inject('redisUrl'));
  url.pathname = `/${database}`;
  return url.href;
}

const onMariaDb = async () => ({ databaseUrl: await newDatabase() });
describeAdminApi('MariaDB', onMariaDb);
describePolicies('MariaDB', onMariaDb);
describeTokenRules('MariaDB', onMariaDb);
describeGatewaySettings('MariaDB', onMariaDb);

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  const deadlineMs = performance.now() + 5000;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error('did not become true within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

describe('two config-centers on MariaDB and Redis', () => {
  let databaseUrl: string;
  let first: TestApp;
  let second: TestApp;
  let redis: Redis;
  const url = () => redisUrl(11);

  beforeAll(async () => {
    databaseUrl = await newDatabase();
    redis = new Redis(url());
    await redis.flushdb();
    const settings = { databaseUrl, redisUrl: url() };
    [first, second] = await Promise.all([
      TestApp.start(testSettings(settings)),
      TestApp.start(testSettings(settings)),
    ]);
  });
  afterAll(async () => {
    await Promise.all([first.stop(), second.stop()]);
    redis.disconnect();
  });

  const headOf = async (app: TestApp) =>
    (await app.call<ConfigHead & Record<string, unknown>>('GET', '/api/v1/feed/head')).body;
  const copyRevision = async () => Number(await redis.hget(feedKeys.head, 'revision'));
  const post = (app: TestApp, path: string, body: object) => app.call('POST', path, { body });
  let serial = 0;
  const newNamespace = (app: TestApp) =>
    post(app, '/api/v1/namespaces', {
      namespace_code: `n${(serial += 1)}`,
      namespace_name: 'n',
    });

  it('migrate once although they start together', async () => {
    expect((await headOf(first)).epoch).toBe((await headOf(second)).epoch);
  });

  it('give every write its own revision and bring the copy there', async () => {
    const before = (await headOf(first)).revision;
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => newNamespace(index % 2 === 0 ? first : second)),
    );
    const revisions = answers.map(({ headers }) => Number(headers.get('x-config-revision')));
    expect(new Set(revisions).size).toBe(20);
    expect(Math.max(...revisions)).toBe(before + 20);
    await until(async () => (await copyRevision()) === before + 20);
    await until(async () => (await first.call('GET', '/stats')).body['redis_agrees'] === true);
  });

  it('write the documented keys with their times to live and without credentials', async () => {
    const { namespace_id } = (await newNamespace(first)).body as { namespace_id: number };
    await post(first, `/api/v1/namespaces/${namespace_id}/rules`, {
      rule_name: 'r',
      rule_type: 'connection_limit',
      rule_config: { max_connections: 5 },
    });
    const upstream = await post(second, '/api/v1/upstreams', {
      upstream_code: 'documented',
      upstream_name: 'U',
      targets: [{ url: 'https://x.example', credential: 'sk-canary-123456' }],
    });
    const upstreamId = Number(upstream.body['upstream_id']);
    await until(async () => (await redis.exists(copyKeys.upstream(upstreamId))) === 1);
    await until(
      async () => (await redis.get(copyKeys.rules(namespace_id)))?.includes('"r"') === true,
    );
    const rules = JSON.parse((await redis.get(copyKeys.rules(namespace_id))) ?? '[]') as object[];
    expect(rules).toMatchObject([{ rule_name: 'r', rule_config: '{"max_connections":5}' }]);
    expect(await redis.ttl(copyKeys.rules(namespace_id))).toBeGreaterThan(3500);
    expect(await redis.get(copyKeys.matchers(namespace_id))).toBe('[]');
    expect(await redis.get(copyKeys.upstream(upstreamId))).not.toContain('credential');
    const everything = await Promise.all(
      (await redis.keys('config:*')).map(async (key) =>
        (await redis.type(key)) === 'hash'
          ? JSON.stringify(await redis.hgetall(key))
          : JSON.stringify(await redis.dump(key)),
      ),
    );
    expect(everything.join()).not.toContain('canary');
    const path = `/api/v1/namespaces/${namespace_id}?cascade=true`;
    await first.call('DELETE', path, { ifMatch: '*' });
    await until(async () => (await redis.exists(copyKeys.rules(namespace_id))) === 0);
    expect(await redis.exists(copyKeys.namespace(namespace_id))).toBe(0);
  });

  it('write policies in words, with the namespaces that inherit from them', async () => {
    const rules = [
      { rule_name: 'r', rule_type: 'request_limit', rule_config: { max_requests_per_hour: 100 } },
      { rule_name: 't', rule_type: 'token_limit', rule_config: { max_tokens_per_hour: 5000 } },
    ];
    const policy = await post(first, '/api/v1/policies', { policy_name: 'standard', rules });
    const policyId = Number(policy.body['policy_id']);
    const body = { namespace_code: 'bound', namespace_name: 'n', policy_ids: [policyId] };
    const bound = await post(second, '/api/v1/namespaces', body);
    const copy = async () => JSON.parse((await redis.get(copyKeys.policy(policyId))) ?? '{}');
    await until(async () => (await copy()).namespaces?.length === 1);
    expect(await copy()).toEqual({
      policy_id: policyId,
      name: 'standard',
      type: 'mixed',
      namespaces: ['bound'],
      rules: ['100 requests per hour', '5000 tokens per hour'],
      status: 'enabled',
    });
    expect(await redis.ttl(copyKeys.policy(policyId))).toBeGreaterThan(1700);
    const counted = await first.call('GET', `/api/v1/counters/rule:p${policyId}-1@bound`);
    expect(counted.body).toMatchObject({
      rule_id: `p${policyId}-1`,
      namespace_id: bound.body['namespace_id'],
      windows: [{ limit: 100, used: 0 }],
    });
    const byFamily = await first.call('POST', '/api/v1/counters/rate_limit:bound:1/increment');
    expect(byFamily.body).toMatchObject({ rule_id: `p${policyId}-1`, counter_value: 1 });
    expect((await first.call('GET', `/api/v1/counters/rule:p${policyId}-9@bound`)).status).toBe(
      404,
    );
    expect((await first.call('GET', `/api/v1/counters/rule:p${policyId}-1@x`)).status).toBe(404);
    const path = `/api/v1/policies/${policyId}?cascade=true`;
    await first.call('DELETE', path, { ifMatch: '*' });
    await until(async () => (await redis.exists(copyKeys.policy(policyId))) === 0);
  });

  it('rebuild a copy that was flushed, without a write', async () => {
    await redis.flushdb();
    const { revision } = await headOf(first);
    await until(async () => (await copyRevision()) === revision);
  });

  it('rebuild the copy on demand', async () => {
    const answer = await first.call('POST', '/sync');
    expect(answer.body).toMatchObject({ status: 'ok', redis: 'healthy', ...(await headOf(first)) });
  });

  it('wake the streams of the one that did not write', async () => {
    const abort = new AbortController();
    const response = await fetch(`${second.url}/api/v1/feed/stream`, { signal: abort.signal });
    const reader = (response.body as ReadableStream<Uint8Array>)
      .pipeThrough(new TextDecoderStream())
      .getReader();
    const { headers } = await newNamespace(first);
    const revision = headers.get('x-config-revision') ?? '';
    for (let text = ''; !text.includes(`"revision":${revision}}`);) {
      text = (await reader.read()).value ?? '';
    }
    abort.abort();
  });

  it('count by documented names', async () => {
    const { namespace_id } = (
      await post(first, '/api/v1/namespaces', { namespace_code: 'counted', namespace_name: 'n' })
    ).body as { namespace_id: number };
    const rule = await post(first, `/api/v1/namespaces/${namespace_id}/rules`, {
      rule_name: 'r',
      rule_type: 'request_limit',
      rule_config: { max_requests_per_minute: 100 },
    });
    const key = 'rate_limit:counted:1234567890';
    expect((await first.call('GET', `/api/v1/counters/${key}`)).body).toMatchObject({
      rule_id: rule.body['rule_id'],
      counter_value: 0,
    });
    const encoded = encodeURIComponent(key);
    await first.call('POST', `/api/v1/counters/${encoded}/increment`);
    const added = await first.call('POST', `/api/v1/counters/${encoded}/increment`, {
      body: { amount: 4 },
    });
    expect([added.status, added.body['counter_value']]).toEqual([200, 5]);
    const refused = await first.call('POST', `/api/v1/counters/${encoded}/increment`, {
      body: { amount: -1 },
    });
    expect(refused.status).toBe(422);
  });
});

describe('while stores are away', () => {
  it('writes without Redis succeed, and health says degraded', async () => {
    const app = await TestApp.start(
      testSettings({ databaseUrl: await newDatabase(), redisUrl: 'redis://127.0.0.1:1' }),
    );
    try {
      const body = { namespace_code: 'x', namespace_name: 'x' };
      expect((await app.call('POST', '/api/v1/namespaces', { body })).status).toBe(201);
      expect((await app.call('GET', '/health')).body).toEqual({ status: 'degraded' });
      expect((await app.call('POST', '/sync')).status).toBe(503);
    } finally {
      await app.stop();
    }
  });

  it('a write outlasts a lock that somebody else holds for a while', async () => {
    const databaseUrl = await newDatabase();
    const app = await TestApp.start(testSettings({ databaseUrl }));
    const holder = await createConnection(databaseUrl);
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT * FROM config_state FOR UPDATE');
      const body = { namespace_code: 'waits', namespace_name: 'x' };
      const answer = app.call('POST', '/api/v1/namespaces', { body });
      // Longer than one attempt waits.
      await new Promise((resolve) => setTimeout(resolve, 2500));
      await holder.query('COMMIT');
      expect((await answer).headers.get('x-config-revision')).toBe('1');
    } finally {
      await holder.end();
      await app.stop();
    }
  });

  it('writes and reads without the database answer 503, nothing is half-written', async () => {
    const databaseUrl = await newDatabase();
    const gate = await TcpGate.open(Number(new URL(databaseUrl).port));
    const through = new URL(databaseUrl);
    through.port = String(gate.port);
    const app = await TestApp.start(testSettings({ databaseUrl: through.href }));
    const post = (namespace_code: string) =>
      app.call('POST', '/api/v1/namespaces', { body: { namespace_code, namespace_name: 'x' } });
    try {
      expect((await post('before')).headers.get('x-config-revision')).toBe('1');
      gate.shut();
      expect(await post('during')).toMatchObject({
        status: 503,
        body: { code: 'STORE_UNAVAILABLE' },
      });
      expect((await app.call('GET', '/api/v1/namespaces')).status).toBe(503);
      expect((await app.call('GET', '/readyz')).status).toBe(503);
      expect(await app.call('GET', '/health')).toMatchObject({
        status: 503,
        body: { status: 'unhealthy' },
      });
      gate.reopen();
      expect((await post('after')).headers.get('x-config-revision')).toBe('2');
      expect((await app.call('GET', '/api/v1/namespaces')).body['total']).toBe(2);
    } finally {
      await app.stop();
      await gate.close();
    }
  });
});

/** A TCP hop that can be cut: connections end and new ones are refused until it reopens. */
class TcpGate {
  private readonly sockets = new Set<Socket>();
  private isOpen = true;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async open(target: number): Promise<TcpGate> {
    const server = createServer((client) => {
      const upstream = connect(target, '127.0.0.1');
      gate.admit(client, upstream);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const gate = new TcpGate(server, (server.address() as AddressInfo).port);
    return gate;
  }

  shut(): void {
    this.isOpen = false;
    for (const socket of this.sockets) socket.destroy();
  }

  reopen(): void {
    this.isOpen = true;
  }

  async close(): Promise<void> {
    this.shut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private admit(client: Socket, upstream: Socket): void {
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
    if (!this.isOpen) client.destroy();
  }
}
