/** What gateways do while the way their configuration takes is broken, whole or in part. */
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from '../eventually.js';
import { healthOf, revisionOf } from '../installation.js';
import { Load, chat } from '../load.js';
import { FaultRig, type RigGateway } from './fault-rig.js';
import { MANY, STEP, percentile, requestLimitOf, requestsPerMinute, stepsBack } from './rules.js';

/** Source: docs/reference/redis-keys.md. */
const CONFIG_CHANGED_CHANNEL = 'config:changed';
/** Stands for the 10 minutes of a real outage: nothing in a gateway counts its length. */
const OUTAGE_MS = 10_000;

let rig: FaultRig;
let redis: Redis;
let headers: Record<string, string>;
let ruleId: number;
let limit = MANY;

beforeAll(async () => {
  rig = await FaultRig.start({ mysqlUrl: inject('mysqlUrl') });
  redis = new Redis(rig.installation.redis.url);
  const tenant = await rig.tenant('faulty', [requestsPerMinute(MANY)]);
  headers = tenant.headers;
  ruleId = tenant.ruleIds[0] ?? 0;
});
afterEach(() => rig.heal());
afterAll(async () => {
  redis.disconnect();
  await rig.stop();
});

/** Resolves to the revision and when the write was answered. */
async function changeLimit(admin = rig.admin) {
  limit += STEP;
  const { rule_config } = requestsPerMinute(limit);
  const { revision } = await admin.write('PUT', `/api/v1/rules/${ruleId}`, { rule_config });
  return { revision, writtenAt: performance.now() };
}

/** Milliseconds from the answer of the write until all gateways run it. */
async function convergence(gateways: readonly RigGateway[] = rig.gateways): Promise<number> {
  const { revision, writtenAt } = await changeLimit();
  await rig.applied(revision, gateways);
  return performance.now() - writtenAt;
}

const limitsNow = async (): Promise<number[]> =>
  (await Promise.all(rig.urls.map((url) => chat(url, headers)))).map(requestLimitOf);

/** Where the server sees the subscriptions of gateways come from. */
async function subscriberPorts(): Promise<number[]> {
  const list = String(await redis.call('CLIENT', 'LIST', 'TYPE', 'pubsub'));
  const gateways = list.split('\n').filter((line) => line.includes('name=config-feed-wake'));
  return gateways.map((line) => Number(/ addr=[^ ]*:(\d+)/.exec(line)?.[1]));
}

const subscribed = (): Promise<number[]> =>
  eventually('all gateways subscribed', async () => {
    const ports = await subscriberPorts();
    return ports.length === rig.gateways.length ? ports : null;
  });

function dropSubscriptions(ports: readonly number[]): void {
  for (const { redisHop } of rig.gateways) for (const port of ports) redisHop.silence(port);
}

describe('F15 lost wake-ups', () => {
  it('dropped on their way: a change is everywhere within 2 s by the poll alone', async () => {
    for (const { configCenterHop } of rig.gateways) configCenterHop.blackhole();
    dropSubscriptions(await subscribed());
    expect(await convergence()).toBeLessThan(2000);
    expect(await limitsNow()).toEqual([limit, limit, limit]);
  });

  it('subscriptions killed at the server: a change is everywhere within 2 s', async () => {
    for (const { configCenterHop } of rig.gateways) configCenterHop.blackhole();
    await subscribed();
    await redis.client('KILL', 'TYPE', 'pubsub');
    expect(await convergence()).toBeLessThan(2000);
  });
});

describe('F16 half-open connections', () => {
  it('a silent subscription is noticed within 3 s and made anew', async () => {
    const before = await subscribed();
    dropSubscriptions(before);
    const silentAt = performance.now();
    await eventually('subscriptions that live', async () => {
      const living = (await subscriberPorts()).filter((port) => !before.includes(port));
      return living.length === rig.gateways.length ? true : null;
    });
    expect(performance.now() - silentAt).toBeLessThan(3000);
    expect(await convergence()).toBeLessThan(1000);
  });

  it('a silent Redis: a change is everywhere within 5 s by way of config-center', async () => {
    for (const { redisHop } of rig.gateways) redisHop.blackhole();
    expect(await convergence()).toBeLessThan(5000);
  });

  it('config-center silent too: nothing is applied, and all is within 5 s of the return', async () => {
    for (const { redisHop, configCenterHop } of rig.gateways) {
      redisHop.blackhole();
      configCenterHop.blackhole();
    }
    const running = () => Promise.all(rig.gateways.map((gateway) => revisionOf(gateway.running)));
    const before = await running();
    const { revision } = await changeLimit();
    expect(await running()).toEqual(before);
    rig.heal();
    const healedAt = performance.now();
    await rig.applied(revision);
    expect(performance.now() - healedAt).toBeLessThan(5000);
  });
});

describe('a copy in Redis that is written no more', () => {
  it('answers well, and yet a change is everywhere within 5 s by way of config-center', async () => {
    for (const { redisHop } of rig.configCenters) redisHop.blackhole();
    expect(await convergence()).toBeLessThan(5000);
    expect(await limitsNow()).toEqual([limit, limit, limit]);
    rig.heal();
    expect(await convergence()).toBeLessThan(5000);
  });

  it('or refuses writes because it is full', async () => {
    await redis.config('SET', 'maxmemory', '1');
    try {
      expect(await convergence()).toBeLessThan(5000);
    } finally {
      await redis.config('SET', 'maxmemory', '0');
    }
    await subscribed();
    expect(await convergence()).toBeLessThan(5000);
  });
});

describe('F17 wake-ups that are no news', () => {
  it('duplicates, old revisions, forged heads and garbage change nothing', async () => {
    const before = await Promise.all(rig.gateways.map(({ running }) => revisionOf(running)));
    const { config } = await healthOf(rig.gateway(0).running);
    const truth = { epoch: config.epoch, revision: config.revision };
    const payloads = [
      JSON.stringify(truth),
      JSON.stringify({ ...truth, revision: 1 }),
      JSON.stringify({ ...truth, revision: 2 ** 40 }),
      JSON.stringify({ epoch: 'forged', revision: 3 }),
      '{"epoch":',
      '',
      '\u0000\uffff',
      'x'.repeat(1_000_000),
    ];
    const load = new Load({ urls: rig.urls, headers, loops: 3, pauseMs: 10 });
    for (let round = 0; round < 50; round += 1) {
      for (const payload of payloads) await redis.publish(CONFIG_CHANGED_CHANNEL, payload);
    }
    await load.more(100);
    expect(await load.stop()).toEqual([]);
    expect(new Set(load.samples.map(requestLimitOf))).toEqual(new Set([limit]));
    const after = await Promise.all(rig.gateways.map(({ running }) => revisionOf(running)));
    expect(after).toEqual(before);
  });

  it('and the next real one is heard', async () => {
    expect(await convergence()).toBeLessThan(1000);
    expect(await limitsNow()).toEqual([limit, limit, limit]);
  });
});

describe('F13 every config-center killed', () => {
  it('traffic goes on unchanged, gateways stay ready, and changes go on after the return', async () => {
    const load = new Load({ urls: rig.urls, headers, loops: 3, pauseMs: 10 });
    await load.more(300);
    const healthy = load.samples.length;
    await Promise.all([rig.killConfigCenter(0), rig.killConfigCenter(1)]);
    const until = performance.now() + OUTAGE_MS;
    await load.first(
      'an answer at the end of the outage',
      ({ endedAt }) => endedAt > until,
      20_000,
    );
    const outage = load.samples.length;
    for (const { running } of rig.gateways) {
      expect((await fetch(`${running.managementUrl}/readyz`)).status).toBe(200);
      expect((await fetch(`${running.managementUrl}/livez`)).status).toBe(200);
    }
    await rig.restartConfigCenter(0);
    await convergence();
    await load.more(50);
    expect(await load.stop()).toEqual([]);
    expect(stepsBack(load.samples)).toEqual([]);
    const p99 = (from: number, to: number): number =>
      percentile(
        load.samples.slice(from, to).map(({ durationMs }) => durationMs),
        0.99,
      );
    // The requirement is 5 %; on a shared machine a hundredth of samples says no more than this.
    expect(p99(healthy, outage)).toBeLessThan(Math.max(50, 2 * p99(0, healthy)));
  });
});
