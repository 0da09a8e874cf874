import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { AdmitDecision } from './admission.port.js';
import { DAY_MS, limitOf, requestFor } from './limit-builders.contract.js';
import { createMemoryAdmission } from './memory.admission.js';
import { createRedisAdmission, type RedisAdmission } from './redis.admission.js';
import { createRedisCounterReader } from './redis.counter-reader.js';
import { burstOf, firstExcess, ReferenceLimiter } from './reference-limiter.contract.js';

const ALGORITHMS = ['sliding_window', 'fixed_window', 'token_bucket', 'leaky_bucket'] as const;

const span = fc.record({
  algorithm: fc.constantFrom(...ALGORITHMS),
  spanMs: fc.integer({ min: 60, max: 300 }),
  limit: fc.integer({ min: 5, max: 40 }),
});
const arrivals = fc.array(
  fc.record({ waitMs: fc.integer({ min: 0, max: 25 }), units: fc.integer({ min: 1, max: 6 }) }),
  { minLength: 20, maxLength: 40 },
);

/** Redis keeps its own time, so a refusal is checked against the span of time it was made in. */
describe('limits in Redis against a limiter that adds everything up', () => {
  const keyPrefix = `properties-${process.pid}:`;
  let redis: Redis;
  let admission: RedisAdmission;
  beforeAll(() => {
    redis = new Redis(inject('redisUrl'));
    admission = createRedisAdmission({ redis, instanceId: 'gw-1', keyPrefix });
  });
  afterAll(async () => {
    await admission.close();
    await redis.quit();
  });

  const storeTimeMs = async (): Promise<number> => {
    const [sec, micros] = await redis.time();
    return Number(sec) * 1000 + Math.floor(Number(micros) / 1000);
  };

  it('charge no more than the published bound and refuse only what would exceed it', async () => {
    const holds = fc.asyncProperty(span, arrivals, async (of, all) => {
      const reference = new ReferenceLimiter(of);
      const limit = limitOf({ spans: [{ measure: 'input_tokens', ...of }] });
      for (const { waitMs, units } of all) {
        if (waitMs > 0) await wait(waitMs);
        const beforeMs = await storeTimeMs();
        const decision = await admission.admit(requestFor([limit], { inputTokens: units }));
        const isRight = decision.allowed
          ? reference.admit(units, decision.reservation.decidedAtMs) !== null
          : reference.usedAt(beforeMs) + units > burstOf(of);
        expect(isRight).toBe(true);
      }
      expect(firstExcess(of, reference.charges)).toBeNull();
    });
    await fc.assert(holds, { numRuns: 12 });
  });

  it('count alike when reservations are settled', async () => {
    const usage = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 5, maxLength: 20 });
    const holds = fc.asyncProperty(usage, async (all) => {
      const limit = limitOf({
        spans: [
          { measure: 'input_tokens', spanMs: 3_600_000, limit: 1000, algorithm: 'sliding_window' },
        ],
      });
      for (const inputTokens of all) {
        const decision = await admission.admit(requestFor([limit], { inputTokens: 6 }));
        if (!decision.allowed) throw new Error('refused');
        admission.settle(decision.reservation, { inputTokens, outputTokens: 0 });
        admission.settle(decision.reservation, { inputTokens, outputTokens: 0 });
      }
      while (admission.pendingSettlements > 0) await wait(2);
      const [state] = await createRedisCounterReader({ redis, keyPrefix }).read(1, limit, '-');
      expect(state?.used).toBe(all.reduce((sum, units) => sum + units, 0));
    });
    await fc.assert(holds, { numRuns: 15 });
  });

  it('decide bursts as memory decides one request after the other', async () => {
    const request = fc.record({
      asked: fc.subarray([0, 1, 2, 3], { minLength: 1 }),
      scope: fc.constantFrom('-', 'a', 'b'),
      inputTokens: fc.integer({ min: 0, max: 12 }),
    });
    const bursts = fc.array(fc.array(request, { maxLength: 50 }), { maxLength: 4 });
    const holds = fc.asyncProperty(bursts, async (all) => {
      const memory = createMemoryAdmission({ clock: Date.now });
      const limits = ALGORITHMS.map((algorithm, i) =>
        limitOf({
          lease: i === 0 ? { maxConnections: 9, maxAgeMs: DAY_MS } : null,
          spans: [{ measure: 'input_tokens', spanMs: DAY_MS, limit: 70 + 10 * i, algorithm }],
        }),
      );
      for (const burst of all) {
        const requests = burst.map(({ asked, scope, inputTokens }) => {
          const applied = limits.filter((_, i) => asked.includes(i));
          const fields = { limits: applied.map((limit) => ({ limit, scope })), inputTokens };
          return requestFor([], fields);
        });
        const decisions = await Promise.all(requests.map((each) => admission.admit(each)));
        expect(decisions.map(shown)).toEqual(requests.map((each) => shown(memory.decide(each))));
      }
    });
    await fc.assert(holds, { numRuns: 40 });
  });
});

const shown = (decision: AdmitDecision) => ({
  allowed: decision.allowed,
  left: decision.tokens?.remaining,
  refusedBy: decision.allowed ? null : decision.refusal?.applied.limit.ruleId,
});
