import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CompiledLimit } from '@ai-gateway/gateway-engine';
import { startRedis, type RunningRedis } from '@ai-gateway/devkit';
import { createFailoverAdmission, type FailoverAdmission } from './failover.admission.js';
import {
  admitted,
  connectionLimit,
  requestFor,
  requestLimit,
  tokenLimit,
} from './limit-builders.contract.js';
import { createRedisAdmission, type RedisAdmission } from './redis.admission.js';
import { createRedisCounterReader } from './redis.counter-reader.js';

const NOTHING = { inputTokens: 0, outputTokens: 0 };
const RETURN_MS = 2000;

async function connect(url: string): Promise<Redis> {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    retryStrategy: () => 100,
  });
  redis.on('error', () => undefined);
  await once(redis, 'ready');
  return redis;
}

describe('limits over an outage of Redis', () => {
  let server: RunningRedis;
  let redis: Redis;
  let primary: RedisAdmission;
  let admission: FailoverAdmission;

  beforeAll(async () => {
    server = await startRedis();
    redis = await connect(server.url);
    primary = createRedisAdmission({ redis, instanceId: 'gw-1' });
    admission = createFailoverAdmission({ primary, instanceId: 'gw-1', liveInstances: () => 1 });
  });
  afterAll(async () => {
    await admission.close();
    redis.disconnect();
    await server.stop();
  });

  async function untilMode(mode: string): Promise<number> {
    const startMs = performance.now();
    while (admission.mode !== mode) await wait(5);
    return performance.now() - startMs;
  }

  async function timed(limits: Parameters<typeof requestFor>[0]): Promise<number> {
    const startMs = performance.now();
    await admission.admit(requestFor(limits));
    return performance.now() - startMs;
  }

  async function usedInRedis(limit: CompiledLimit): Promise<number> {
    while (primary.pendingSettlements > 0) await wait(5);
    return (await createRedisCounterReader({ redis }).read(1, limit, '-'))[0]?.used ?? 0;
  }

  it('decides within 300 ms when Redis freezes, then at once, and hands back all it charged', async () => {
    const [limit, tokens] = [requestLimit(10), tokenLimit(1000)];
    const before = admitted(
      await admission.admit(requestFor([limit, tokens], { inputTokens: 100 })),
    );
    server.freeze();
    expect(await timed([limit])).toBeLessThan(300);
    expect(admission.mode).toBe('degraded');
    for (let i = 0; i < 3; i += 1) expect(await timed([limit])).toBeLessThan(20);
    admission.settle(before.reservation, { inputTokens: 40, outputTokens: 0 });
    server.resume();
    expect(await untilMode('shared')).toBeLessThan(RETURN_MS);
    expect(await usedInRedis(tokens)).toBe(40);
    // One before, four in the outage; the frozen Redis may still have run the first of these.
    expect([5, 6]).toContain(await usedInRedis(limit));
  });

  it('holds three instances to the limit over an outage and adds up what each admitted', async () => {
    const clients = await Promise.all([1, 2, 3].map(() => connect(server.url)));
    const instances = clients.map((client, i) =>
      createFailoverAdmission({
        primary: createRedisAdmission({ redis: client, instanceId: `gw-${i}` }),
        instanceId: `gw-${i}`,
        liveInstances: () => 3,
      }),
    );
    const limit = requestLimit(100);
    const admitEach = async (times: number): Promise<number> => {
      let count = 0;
      for (let i = 0; i < times; i += 1) {
        const request = requestFor([limit]);
        const decisions = await Promise.all(instances.map((one) => one.admit(request)));
        count += decisions.filter(({ allowed }) => allowed).length;
      }
      return count;
    };
    const before = await admitEach(20);
    server.freeze();
    const during = await admitEach(100);
    server.resume();
    while (instances.some(({ mode }) => mode !== 'shared')) await wait(5);
    expect(before).toBe(60);
    expect(during).toBeGreaterThanOrEqual(40);
    expect(during).toBeLessThanOrEqual(40 + 3);
    await Promise.all(instances.map((one) => one.close()));
    const used = await usedInRedis(limit);
    // The frozen Redis may have run the three decisions that timed out: counted twice, never not.
    expect(used).toBeGreaterThanOrEqual(before + during);
    expect(used).toBeLessThanOrEqual(before + during + 3);
    for (const client of clients) client.disconnect();
  });

  it('does not take its own blocked event loop for an absent Redis', async () => {
    const pending = admission.admit(requestFor([requestLimit(1)]));
    const endMs = performance.now() + 320;
    while (performance.now() < endMs);
    expect(admitted(await pending).degraded).toBe(false);
    expect(admission.mode).toBe('shared');
  });

  it('survives a Redis that was killed and came back empty', async () => {
    const connections = connectionLimit({ maxConnections: 3 });
    const shared = admitted(await admission.admit(requestFor([connections])));
    await server.kill();
    const request = requestFor([connections, requestLimit(10)]);
    const decisions = await Promise.all(Array.from({ length: 5 }, () => admission.admit(request)));
    expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(2);
    expect(admission.mode).toBe('degraded');
    await server.restart();
    expect(await untilMode('shared')).toBeLessThan(RETURN_MS);
    while ((await usedInRedis(connections)) < 3) await wait(5);
    admission.settle(shared.reservation, NOTHING);
    for (const decision of decisions) {
      if (decision.allowed) admission.settle(decision.reservation, NOTHING);
    }
    expect(await usedInRedis(connections)).toBe(0);
  });

  it('treats a Redis that refuses writes as away', async () => {
    await redis.config('SET', 'maxmemory', '1');
    const limit = requestLimit(10);
    for (let i = 0; i < 3; i += 1) admitted(await admission.admit(requestFor([limit])));
    expect(admission.mode).toBe('degraded');
    await wait(500);
    expect(admission.mode).toBe('degraded');
    await redis.config('SET', 'maxmemory', '0');
    expect(await untilMode('shared')).toBeLessThan(RETURN_MS);
    expect(await usedInRedis(limit)).toBe(3);
  });
});
