/** What becomes of a change when its writers race or die, or the stores forget it. */
import { createPool, type Pool, type RowDataPacket } from 'mysql2/promise';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from '../eventually.js';
import { healthOf } from '../installation.js';
import { Load, chat } from '../load.js';
import { DatabaseBackup } from './database-backup.js';
import { FaultRig } from './fault-rig.js';
import { MANY, STEP, requestLimitOf, requestsPerMinute, stepsBack } from './rules.js';

let rig: FaultRig;
let sql: Pool;
let redis: Redis;
let headers: Record<string, string>;
let rulePath: string;
let limit = MANY;

beforeAll(async () => {
  rig = await FaultRig.start({ mysqlUrl: inject('mysqlUrl') });
  sql = createPool({ uri: rig.installation.databaseUrl, connectionLimit: 2 });
  redis = new Redis(rig.installation.redis.url);
  const tenant = await rig.tenant('written', [requestsPerMinute(MANY)]);
  headers = tenant.headers;
  rulePath = `/api/v1/rules/${tenant.ruleIds[0] ?? 0}`;
});
afterEach(() => rig.heal());
afterAll(async () => {
  redis.disconnect();
  await sql.end();
  await rig.stop();
});

async function changeLimit(admin = rig.admin): Promise<number> {
  limit += STEP;
  const body = { rule_config: { max_requests_per_minute: limit } };
  return (await admin.write('PUT', rulePath, body)).revision;
}

const limits = async (): Promise<number[]> =>
  (await Promise.all(rig.urls.map((url) => chat(url, headers)))).map(requestLimitOf);

const everywhere = (expected: number, withinMs: number): Promise<true> =>
  eventually(
    `the limit ${expected} at every gateway`,
    async () => ((await limits()).every((each) => each === expected) ? true : null),
    withinMs,
  );

const epochs = async (): Promise<(string | null)[]> =>
  (await Promise.all(rig.gateways.map(({ running }) => healthOf(running)))).map(
    ({ config }) => config.epoch,
  );

describe('F25 two administrators change one rule at once', () => {
  it('one succeeds, the other gets 412 with nothing changed; both stand on the audit trail', async () => {
    const etag = (await rig.admin.call('GET', rulePath)).headers.get('etag') ?? '';
    const change = (admin: typeof rig.admin, max_requests_per_minute: number) =>
      admin.call('PUT', rulePath, {
        body: { rule_config: { max_requests_per_minute } },
        ifMatch: etag,
      });
    const answers = await Promise.all([
      change(rig.admin, MANY + 1001),
      change(rig.configCenter(1).admin, MANY + 1002),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
    const won = answers.findIndex(({ status }) => status === 200);
    await everywhere(MANY + 1001 + won, 5000);
    const refused = answers.find(({ status }) => status === 412);
    expect(refused?.body['code']).toBe('VERSION_MISMATCH');
    const now = await rig.admin.call('GET', rulePath);
    expect(now.headers.get('etag')).not.toBe(etag);
    const [rows] = await sql.query<RowDataPacket[]>(
      `SELECT outcome FROM audit_log WHERE object_type IN ('rule', 'rules') AND action = 'update'`,
    );
    expect(rows.map((row) => String(row['outcome']))).toContain('VERSION_MISMATCH');
    expect(rows.length).toBeGreaterThanOrEqual(2);
  });

  it('20 changes at once through both: as many revisions as successes, none shared', async () => {
    const admins = [rig.admin, rig.configCenter(1).admin];
    const writes = Array.from({ length: 20 }, (_, n) => changeLimit(admins[n % 2]));
    const revisions = (await Promise.all(writes)).toSorted((a, b) => a - b);
    expect(revisions).toEqual(revisions.map((_, n) => (revisions[0] ?? 0) + n));
    await rig.applied(revisions.at(-1) ?? 0);
  });
});

describe('F26 a config-center killed between commit and publish', () => {
  it('another one publishes the change: it is everywhere within 2 s of the kill', async () => {
    const writer = rig.configCenter(0);
    for (const { configCenterHop } of rig.gateways) configCenterHop.blackhole();
    writer.redisHop.blackhole();
    // The other one is kept from seeing the change until the writer is dead.
    rig.configCenter(1).app.signal('SIGSTOP');
    const revision = await changeLimit();
    await rig.killConfigCenter(0);
    rig.configCenter(1).app.signal('SIGCONT');
    const killedAt = performance.now();
    await rig.applied(revision);
    expect(performance.now() - killedAt).toBeLessThan(2000);
    expect(await limits()).toEqual([limit, limit, limit]);
    writer.redisHop.heal();
    await rig.restartConfigCenter(0);
  });

  it('alone: it publishes the change when it starts again', async () => {
    await rig.killConfigCenter(1);
    const writer = rig.configCenter(0);
    writer.redisHop.blackhole();
    for (const { configCenterHop } of rig.gateways) configCenterHop.blackhole();
    const before = limit;
    const revision = await changeLimit();
    await rig.killConfigCenter(0);
    expect(await limits()).toEqual([before, before, before]);
    writer.redisHop.heal();
    await rig.restartConfigCenter(0);
    const startedAt = performance.now();
    await rig.applied(revision);
    expect(performance.now() - startedAt).toBeLessThan(2000);
    await rig.restartConfigCenter(1);
  });
});

describe('F24 stores that went back', () => {
  it('Redis flushed: the copy returns, no request fails, changes go on', async () => {
    const load = new Load({ urls: rig.urls, headers, loops: 2, pauseMs: 10 });
    await load.more(20);
    await redis.flushall();
    await eventually('the copy is back', async () => {
      const { body } = await rig.admin.call('GET', '/stats');
      return body['redis_agrees'] === true ? true : null;
    });
    await rig.applied(await changeLimit());
    await load.more(20);
    expect(await load.stop()).toEqual([]);
    expect(stepsBack(load.samples)).toEqual([]);
  });

  it('the database restored from an older backup: every gateway runs the backup, once, and goes on', async () => {
    const inBackup = limit;
    const [epoch] = await epochs();
    const backup = await DatabaseBackup.take(sql);
    await changeLimit();
    await rig.applied(await changeLimit());
    expect(await limits()).toEqual([limit, limit, limit]);
    const load = new Load({ urls: rig.urls, headers, loops: 2, pauseMs: 10 });
    await backup.restore();
    await everywhere(inBackup, 10_000);
    const renewed = new Set(await epochs());
    expect(renewed.size).toBe(1);
    expect(renewed.has(epoch ?? null)).toBe(false);
    const settledAt = performance.now();
    await rig.applied(await changeLimit());
    await everywhere(limit, 2000);
    await load.more(50);
    expect(await load.stop()).toEqual([]);
    expect(new Set(await epochs())).toEqual(renewed);
    const late = load.samples.filter(
      ({ endedAt, durationMs }) => endedAt - durationMs > settledAt + 2000,
    );
    expect(new Set(late.map(requestLimitOf)).size).toBeLessThanOrEqual(1);
  });

  it('restored while every config-center is down: found at the start', async () => {
    const inBackup = limit;
    const backup = await DatabaseBackup.take(sql);
    await rig.applied(await changeLimit());
    await Promise.all([rig.killConfigCenter(0), rig.killConfigCenter(1)]);
    await backup.restore();
    await Promise.all([rig.restartConfigCenter(0), rig.restartConfigCenter(1)]);
    await everywhere(inBackup, 10_000);
    await rig.applied(await changeLimit());
    await everywhere(limit, 2000);
  });
});
