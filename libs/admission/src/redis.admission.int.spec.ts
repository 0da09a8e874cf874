import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { CompiledLimit } from '@ai-gateway/gateway-engine';
import { startRedis, type RunningRedis } from '@ai-gateway/devkit';
import type { CounterReader } from './admission.port.js';
import { describeAdmission } from './admission.contract.js';
import {
  admitted,
  connectionLimit,
  DAY_MS,
  limitOf,
  refused,
  requestFor,
  requestLimit,
  requestSpan,
  tokenLimit,
} from './limit-builders.contract.js';
import { createRedisAdmission, type RedisAdmission } from './redis.admission.js';
import { createRedisCounterReader } from './redis.counter-reader.js';

const NOTHING = { inputTokens: 0, outputTokens: 0 };
const OPTIONS = { enableOfflineQueue: false, enableAutoPipelining: true } as const;

/** A limit belongs to one namespace: each gets its own. */
const copyOf = (limit: CompiledLimit): CompiledLimit => ({ ...limit });

async function connect(url: string): Promise<Redis> {
  const redis = new Redis(url, OPTIONS);
  redis.on('error', () => undefined);
  await once(redis, 'ready');
  return redis;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await wait(5);
}

/** Settlements are sent within a few milliseconds; the queue tells when none is left. */
const settledBy = (admission: RedisAdmission) => () =>
  until(() => admission.pendingSettlements === 0);

describe('limits in Redis', () => {
  const keyPrefix = `contract-${process.pid}:`;
  let redis: Redis;
  let admission: RedisAdmission;

  beforeAll(async () => {
    redis = await connect(inject('redisUrl'));
    admission = createRedisAdmission({ redis, instanceId: 'gw-1', keyPrefix });
  });
  afterAll(async () => {
    await admission.close();
    await redis.quit();
  });

  describeAdmission(() => ({
    admission,
    counters: createRedisCounterReader({ redis, keyPrefix }),
    pass: (ms) => wait(ms + 2),
    settled: settledBy(admission),
  }));

  it('gives every key a time to live and the hash tag of its namespace', async () => {
    const limit = limitOf({
      lease: { maxConnections: 3, maxAgeMs: DAY_MS },
      spans: [
        requestSpan(9),
        requestSpan(9, 1000, 'fixed_window'),
        requestSpan(9, DAY_MS, 'token_bucket'),
        { ...requestSpan(9), measure: 'total_tokens' },
      ],
    });
    const request = requestFor([limit], { namespaceId: 77, inputTokens: 2 });
    const { reservation } = admitted(await admission.admit(request));
    const held = await redis.keys(`${keyPrefix}{ns:77}:*`);
    admission.settle(reservation, NOTHING);
    await settledBy(admission)();
    const all = await redis.keys(`${keyPrefix}*`);
    const lifetimes = await Promise.all(all.map((key) => redis.pttl(key)));
    expect(held).toHaveLength(5);
    expect(Math.min(...lifetimes.filter((ms) => ms !== -2))).toBeGreaterThan(0);
  });

  it('reads no more than one bucket per decision while a window slides', async () => {
    const limit = limitOf({ spans: [requestSpan(1_000_000, 600)] });
    const request = requestFor([limit], { namespaceId: 78 });
    const endsAt = Date.now() + 900;
    while (Date.now() < endsAt) await admission.admit(request);
    const [key = ''] = await redis.keys(`${keyPrefix}{ns:78}:*`);
    expect(await redis.hlen(key)).toBeLessThanOrEqual(2 + 61);
    const [state] = await createRedisCounterReader({ redis, keyPrefix }).read(78, limit, '-');
    const buckets = Object.entries(await redis.hgetall(key)).filter(([name]) => /^\d+$/.test(name));
    const counted = buckets.reduce((sum, [, units]) => sum + Number(units), 0);
    expect(state?.used).toBeLessThanOrEqual(counted);
    expect(await redis.hget(key, 't')).toBe(String(counted));
  });

  it('keeps what is settled into a window that nobody asked about for a span', async () => {
    const [spanMs, namespaceId] = [1200, 79];
    const spans = [
      { measure: 'input_tokens', spanMs, limit: 1000, algorithm: 'sliding_window' } as const,
    ];
    const limit = limitOf({ spans });
    const request = requestFor([limit], { namespaceId, inputTokens: 1 });
    const first = admitted(await admission.admit(request));
    await wait(spanMs - 100);
    const last = admitted(await admission.admit(request));
    await wait(spanMs - 100);
    const decidedAtMs = last.reservation.decidedAtMs + spanMs - 120;
    const late = { ...last.reservation, id: `${last.reservation.id}-late`, decidedAtMs };
    admission.settle(late, { inputTokens: 101, outputTokens: 0 });
    while (admission.pendingSettlements > 0) await wait(2);
    await wait(first.reservation.decidedAtMs + 2 * spanMs + 80 - Date.now());
    const reader = createRedisCounterReader({ redis, keyPrefix });
    const [state] = await reader.read(namespaceId, limit, '-');
    expect(state?.used).toBe(100);
  });

  it('admits exactly the limit when 1,000 requests arrive over two clients at once', async () => {
    const second = await connect(inject('redisUrl'));
    const other = createRedisAdmission({ redis: second, instanceId: 'gw-2', keyPrefix });
    const limit = requestLimit(100);
    const decisions = await Promise.all(
      Array.from({ length: 1000 }, (_, i) =>
        (i % 2 === 0 ? admission : other).admit(requestFor([limit])),
      ),
    );
    expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(100);
    await other.close();
    await second.quit();
  });

  it('decides many scopes that arrive together', async () => {
    const limit = requestLimit(1);
    const requests = Array.from({ length: 200 }, (_, i) =>
      requestFor([], { limits: [{ limit, scope: `s${i % 150}` }] }),
    );
    const decisions = await Promise.all(requests.map((request) => admission.admit(request)));
    expect(decisions.map(({ allowed }) => allowed)).toEqual(requests.map((_, i) => i < 150));
  });

  it('does not let one broken key fail the requests that arrive with it', async () => {
    const [broken, sound] = [requestLimit(5), requestLimit(5)];
    await admission.admit(requestFor([broken]));
    const [key = ''] = await redis.keys(`${keyPrefix}{ns:1}:window:${broken.ruleId}:*`);
    await redis.set(key, 'not a hash', 'PX', 5000);
    const [first, failed, both, last] = await Promise.allSettled(
      [[sound], [broken], [sound, broken], [sound]].map((limits) =>
        admission.admit(requestFor(limits)),
      ),
    );
    expect([first?.status, last?.status]).toEqual(['fulfilled', 'fulfilled']);
    expect([failed?.status, both?.status]).toEqual(['rejected', 'rejected']);
    const [state] = await createRedisCounterReader({ redis, keyPrefix }).read(1, sound, '-');
    expect(state?.used).toBe(2);
  });

  it('sends scripts in full to a server that does not know them', async () => {
    await redis.script('FLUSH');
    admitted(await admission.admit(requestFor([requestLimit(1)])));
  });
});

describe('a Redis Cluster', () => {
  let server: RunningRedis;
  let cluster: Cluster;

  beforeAll(async () => {
    const config = ['cluster-enabled yes', 'cluster-announce-ip 127.0.0.1'];
    server = await startRedis({ config });
    const node = await connect(server.url);
    await node.cluster('ADDSLOTSRANGE', 0, 16_383);
    await until(async () => (await node.cluster('INFO')).includes('cluster_state:ok'));
    node.disconnect();
    const { username, password } = new URL(server.url);
    cluster = new Cluster([{ host: '127.0.0.1', port: server.port }], {
      enableAutoPipelining: true,
      redisOptions: { username, password },
    });
    await once(cluster, 'ready');
  });
  afterAll(async () => {
    cluster.disconnect();
    await server.stop();
  });

  it('keeps all keys of a decision in one slot, also with many namespaces at once', async () => {
    const admission = createRedisAdmission({ redis: cluster, instanceId: 'gw-1', keyPrefix: 'c:' });
    const limits = [requestLimit(10), tokenLimit(100), connectionLimit({ maxConnections: 5 })];
    const decisions = await Promise.all(
      Array.from({ length: 50 }, (_, namespaceId) =>
        admission.admit(requestFor(limits.map(copyOf), { namespaceId, inputTokens: 3 })),
      ),
    );
    for (const decision of decisions) admission.settle(admitted(decision).reservation, NOTHING);
    await settledBy(admission)();
    const counters = createRedisCounterReader({ redis: cluster, keyPrefix: 'c:' });
    const [, tokens, connections] = limits.map(copyOf);
    for (const limit of [tokens, connections]) {
      const states = limit === undefined ? [] : await counters.read(7, limit, '-');
      expect(states).toMatchObject([{ used: 0 }]);
    }
    await admission.renewLeases();
    await admission.close();
  });
});

describe('a Redis of its own', () => {
  let server: RunningRedis;
  let redis: Redis;
  let counters: CounterReader;

  beforeAll(async () => {
    server = await startRedis();
    redis = await connect(server.url);
    counters = createRedisCounterReader({ redis });
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  it('decides requests that arrive together in few script calls', async () => {
    const admission = createRedisAdmission({ redis, instanceId: 'gw-1' });
    const limits = [requestLimit(1000), tokenLimit(1000)];
    const calls = async (): Promise<number> => {
      const stats = await redis.info('commandstats');
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
    };
    await admission.admit(requestFor(limits));
    const before = await calls();
    const decisions = await Promise.all(
      Array.from({ length: 100 }, () => admission.admit(requestFor(limits, { inputTokens: 1 }))),
    );
    expect((await calls()) - before).toBe(4);
    const left = decisions.map((decision) => admitted(decision).tokens?.remaining);
    expect(left).toEqual(Array.from({ length: 100 }, (_, i) => 999 - i));
    await admission.close();
  });

  it('rebuilds leases by renewal after FLUSHALL', async () => {
    let restored = 0;
    const onLeasesRestored = (count: number): void => void (restored += count);
    const admission = createRedisAdmission({
      redis,
      instanceId: 'gw-1',
      renewMs: 50,
      onLeasesRestored,
    });
    const limit = connectionLimit({ maxConnections: 3 });
    for (let i = 0; i < 3; i += 1) await admission.admit(requestFor([limit]));
    await redis.flushall();
    await until(() => restored === 3);
    refused(await admission.admit(requestFor([limit])));
    await admission.close();
  });

  it('keeps a renewed lease and frees one that is not renewed', async () => {
    const leaseMs = 200;
    const alive = createRedisAdmission({ redis, instanceId: 'alive', leaseMs, renewMs: 50 });
    const dead = createRedisAdmission({ redis, instanceId: 'dead', leaseMs, renewMs: 1e6 });
    const limit = connectionLimit({ maxConnections: 2 });
    const { reservation } = admitted(await alive.admit(requestFor([limit])));
    await dead.admit(requestFor([limit]));
    refused(await alive.admit(requestFor([limit])));
    await wait(leaseMs + 50);
    admitted(await alive.admit(requestFor([limit])));
    refused(await alive.admit(requestFor([limit])));
    alive.settle(reservation, NOTHING);
    await settledBy(alive)();
    await alive.renewLeases();
    expect(await counters.read(1, limit, '-')).toMatchObject([{ used: 1 }]);
    await Promise.all([alive.close(), dead.close()]);
  });

  it('keeps settlements while the store is away and applies each once', async () => {
    const lost: number[] = [];
    const admission = createRedisAdmission({
      redis,
      instanceId: 'gw-1',
      onSettlementsLost: (count) => lost.push(count),
    });
    const limit = tokenLimit(100);
    const request = requestFor([limit], { inputTokens: 30 });
    const first = admitted(await admission.admit(request));
    const second = admitted(await admission.admit(request));
    server.freeze();
    admission.settle(first.reservation, { inputTokens: 10, outputTokens: 0 });
    await wait(1100);
    server.resume();
    admission.settle(second.reservation, { inputTokens: 15, outputTokens: 0 });
    await settledBy(admission)();
    expect(await counters.read(1, limit, '-')).toMatchObject([{ used: 25 }]);
    expect(lost).toEqual([]);
    await admission.close();
  });

  it('counts settlements beyond its bound as lost and sends the others', async () => {
    let lost = 0;
    const admission = createRedisAdmission({
      redis,
      instanceId: 'gw-1',
      maxPendingSettlements: 2,
      onSettlementsLost: (count) => void (lost += count),
    });
    const limit = tokenLimit(1000);
    const request = requestFor([limit], { inputTokens: 10 });
    const decisions = await Promise.all(Array.from({ length: 5 }, () => admission.admit(request)));
    for (const decision of decisions) admission.settle(admitted(decision).reservation, NOTHING);
    await admission.close();
    expect(lost).toBe(3);
    expect(await counters.read(1, limit, '-')).toMatchObject([{ used: 30 }]);
  });

  it('does not let one broken key hold up the settlements of others', async () => {
    const admission = createRedisAdmission({
      redis,
      instanceId: 'gw-1',
      maxSettlementAgeMs: 300,
    });
    const [broken, sound] = [tokenLimit(100), tokenLimit(100)];
    const inputTokens = 10;
    const first = admitted(await admission.admit(requestFor([broken], { inputTokens })));
    const second = admitted(await admission.admit(requestFor([sound], { inputTokens })));
    const [key = ''] = await redis.keys(`{ns:1}:window:${broken.ruleId}:*`);
    await redis.set(key, 'not a hash');
    admission.settle(first.reservation, NOTHING);
    admission.settle(second.reservation, NOTHING);
    await until(async () => (await counters.read(1, sound, '-'))[0]?.used === 0);
    await settledBy(admission)();
    await admission.close();
  });
});
