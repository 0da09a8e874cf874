/** Gateways under load while the configuration never rests, and gateways that start together. */
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { whenReady } from '../installation.js';
import { Load, type Sample } from '../load.js';
import { FaultRig } from './fault-rig.js';
import {
  MANY,
  percentile,
  requestLimitOf,
  requestsPerMinute,
  stepsBack,
  tokenLimitOf,
  tokensPerDay,
} from './rules.js';

/** Stands for the 60 s of the requirement. */
const SECONDS = 15;
const WRITES_PER_SECOND = 10;

interface Write {
  revision: number;
  /** The limits of both rules from this revision on. */
  limits: [requests: number, tokens: number];
  answeredAt: number;
}

let rig: FaultRig;
let headers: Record<string, string>;
let ruleIds: number[];
let base: Write;

beforeAll(async () => {
  rig = await FaultRig.start({ mysqlUrl: inject('mysqlUrl') });
  const tenant = await rig.tenant('steady', [requestsPerMinute(MANY), tokensPerDay(MANY)]);
  ({ headers, ruleIds } = tenant);
  base = { revision: tenant.revision, limits: [MANY, MANY], answeredAt: 0 };
});
afterEach(() => rig.heal());
afterAll(() => rig.stop());

/**
 * One write each tenth of a second, at both config-centers in turn. They change the first rule, the
 * second, then both in one revision, of which nobody may see a half.
 */
async function writeSteadily(): Promise<Write[]> {
  const writes: Write[] = [];
  const limits: [number, number] = [MANY, MANY];
  const startedMs = performance.now();
  for (let n = 0; n < SECONDS * WRITES_PER_SECOND; n += 1) {
    await delay(Math.max(0, startedMs + (n * 1000) / WRITES_PER_SECOND - performance.now()));
    const changed = n % 3 === 2 ? [0, 1] : [n % 3];
    for (const which of changed) limits[which] = MANY + n + 1;
    const changes = [requestsPerMinute(limits[0]), tokensPerDay(limits[1])].map(
      ({ rule_config }, which) => ({
        method: 'PUT',
        path: `/api/v1/rules/${ruleIds[which] ?? 0}`,
        body: { rule_config },
      }),
    );
    const operations = changes.filter((_, which) => changed.includes(which));
    const { admin } = rig.configCenter(n % 2);
    const { revision } = await admin.write('POST', '/api/v1/batch', { operations });
    writes.push({ revision, limits: [...limits], answeredAt: performance.now() });
  }
  return writes;
}

/** The answers that do not show exactly the limits of the revision they name. */
function mixtures(samples: readonly Sample[], writes: readonly Write[]): object[] {
  return samples.flatMap((sample) => {
    const named = writes.findLast(({ revision }) => revision <= sample.revision) ?? base;
    const shown = [requestLimitOf(sample), tokenLimitOf(sample)];
    const agrees = shown.every((limit, index) => limit === named.limits[index]);
    return agrees ? [] : [{ revision: sample.revision, shown, expected: named.limits }];
  });
}

/** Milliseconds from the answer of each write to the first answer of each gateway that knows it. */
function delays(samples: readonly Sample[], writes: readonly Write[]): number[] {
  return rig.urls.flatMap((url) => {
    const ofUrl = samples.filter((sample) => sample.url === url);
    return writes.map(({ revision, answeredAt }) => {
      const first = ofUrl.find((sample) => sample.revision >= revision);
      return Math.max(0, (first?.endedAt ?? Infinity) - answeredAt);
    });
  });
}

describe('F18 ten writes a second under load', () => {
  it('no request fails or is judged by a mixture, and changes apply within 500 ms', async () => {
    const load = new Load({ urls: rig.urls, headers, loops: 6, pauseMs: 25 });
    await load.more(50);
    const writes = await writeSteadily();
    await load.more(50);
    await rig.applied(writes.at(-1)?.revision ?? 0);
    await load.more(20);
    expect(await load.stop()).toEqual([]);
    expect(load.samples.length).toBeGreaterThan(1000);
    expect(mixtures(load.samples, writes)).toEqual([]);
    expect(stepsBack(load.samples)).toEqual([]);
    expect(percentile(delays(load.samples, writes), 0.99)).toBeLessThan(500);
  });
});

describe('F72 three gateways start together with nothing', () => {
  it('without Redis: each reads everything once from config-center, and all are ready in 5 s', async () => {
    for (const { redisHop } of rig.gateways) redisHop.blackhole();
    const fullReads = (): number => {
      const log = rig.configCenters.map(({ app }) => app.log).join('\n');
      return log.split('"path":"/api/v1/feed/changes"').length - 1;
    };
    for (const { running } of rig.gateways) {
      await running.app.kill();
      rmSync(rig.installation.dataDirOf(running), { recursive: true, force: true });
    }
    const before = fullReads();
    const startedMs = performance.now();
    await Promise.all(
      rig.gateways.map(async (_, index) => {
        const { running } = await rig.relaunchGateway(index);
        await whenReady(running);
      }),
    );
    expect(performance.now() - startedMs).toBeLessThan(5000);
    expect(fullReads() - before).toBe(rig.gateways.length);
  });
});
