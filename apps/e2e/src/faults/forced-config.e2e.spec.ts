/** What gateways do with configuration that was written past the API, straight into the database. */
import { setTimeout as delay } from 'node:timers/promises';
import { createPool, type Pool, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from '../eventually.js';
import { healthOf, revisionOf, whenReady } from '../installation.js';
import { Load, chat } from '../load.js';
import { forceRevision, forceRules, type ForcedChange } from './change-log.js';
import { FaultRig, type RigGateway } from './fault-rig.js';
import { MANY, STEP, requestLimitOf, requestsPerMinute } from './rules.js';

const REFUSED = 'more than gateways take';
const PROBE_PAUSE_MS = 20;

let rig: FaultRig;
let sql: Pool;
let headers: Record<string, string>;
let ruleId: number;
let rule: Record<string, unknown>;

beforeAll(async () => {
  rig = await FaultRig.start({ mysqlUrl: inject('mysqlUrl') });
  sql = createPool({ uri: rig.installation.databaseUrl, connectionLimit: 2 });
  const tenant = await rig.tenant('forced', [requestsPerMinute(MANY)]);
  headers = tenant.headers;
  ruleId = tenant.ruleIds[0] ?? 0;
  const query = `SELECT value FROM config_changes WHERE kind = 'rule' AND resource_id = ${ruleId}`;
  const [[row]] = await sql.query<RowDataPacket[]>(query);
  const value: unknown = row?.['value'];
  rule = (typeof value === 'string' ? JSON.parse(value) : value) as Record<string, unknown>;
});
afterAll(async () => {
  await sql.end();
  await rig.stop();
});

const limits = async (): Promise<number[]> =>
  (await Promise.all(rig.urls.map((url) => chat(url, headers)))).map(requestLimitOf);

const refusedBy = async ({ running }: RigGateway) =>
  (await healthOf(running)).config.refused_resources;

const allRefuse = (revision: number, id: number): Promise<true> =>
  eventually(`all refuse ${id} of revision ${revision}`, async () => {
    const refused = await Promise.all(rig.gateways.map(refusedBy));
    return refused.every((list) => list.some((nack) => nack.id === id)) ? true : null;
  });

const badOperator = (): ForcedChange => ({
  kind: 'matcher',
  id: 900_001,
  value: {
    matcher_id: 900_001,
    namespace_id: rule['namespace_id'],
    matcher_type: 'header',
    match_field: 'x-tenant',
    match_operator: 'resembles',
    match_value: 'forced',
    conditions: [],
    priority: 1,
    status: 1,
  },
});
const badRegex = (): ForcedChange => ({
  kind: 'matcher',
  id: 900_002,
  value: {
    ...(badOperator().value as object),
    matcher_id: 900_002,
    match_operator: 'regex',
    match_value: '(?<never',
  },
});
const wrongType = (): ForcedChange => ({
  kind: 'rule',
  id: ruleId,
  value: { ...rule, rule_config: { max_requests_per_minute: 'five' } },
});

describe('F19 resources that cannot be', () => {
  it.each([
    ['an unknown operator', badOperator],
    ['a regex that does not compile', badRegex],
    ['a value of the wrong type', wrongType],
    ['a kind this version does not know', () => ({ kind: 'spell', id: 7, value: { a: 1 } })],
  ])(
    '%s: it alone is refused, the last good value serves, no request fails',
    async (_what, make) => {
      const change = make();
      const load = new Load({ urls: rig.urls, headers, loops: 2, pauseMs: 10 });
      const revision = await forceRevision(sql, [change]);
      await rig.applied(revision);
      await allRefuse(revision, change.id);
      await load.more(30);
      expect(await load.stop()).toEqual([]);
      expect(await limits()).toEqual([MANY, MANY, MANY]);
    },
  );

  it('a restart changes neither the last good value nor since when the bad one is refused', async () => {
    await rig.applied(await forceRevision(sql, [wrongType()]));
    const appliedAtMs = Date.now();
    const gateway = rig.gateway(0);
    const before = await refusedBy(gateway);
    await rig.kept(gateway, appliedAtMs);
    await rig.relaunchGateway(0);
    await whenReady(gateway.running);
    await eventually('it follows again', async () =>
      (await healthOf(gateway.running)).config.source === 'redis' ? true : null,
    );
    expect(await refusedBy(gateway)).toEqual(before);
    expect(await limits()).toEqual([MANY, MANY, MANY]);
  });

  it('other resources of the same revision are applied, and later ones too', async () => {
    const good = { ...rule, rule_config: { max_requests_per_minute: MANY + STEP } };
    const id = 900_003;
    await rig.applied(
      await forceRevision(sql, [
        { kind: 'rule', id: ruleId, value: good },
        { ...badOperator(), id },
      ]),
    );
    expect(await limits()).toEqual([MANY + STEP, MANY + STEP, MANY + STEP]);
    const path = `/api/v1/rules/${ruleId}`;
    const body = { rule_config: { max_requests_per_minute: MANY + 2 * STEP } };
    await rig.applied((await rig.admin.write('PUT', path, body)).revision);
    expect(await limits()).toEqual([MANY + 2 * STEP, MANY + 2 * STEP, MANY + 2 * STEP]);
  });

  it('deletion ends the refusal', async () => {
    const gone = [
      badOperator(),
      badRegex(),
      { kind: 'matcher', id: 900_003 },
      { kind: 'spell', id: 7 },
    ];
    await rig.applied(
      await forceRevision(
        sql,
        gone.map(({ kind, id }) => ({ kind, id, value: null })),
      ),
    );
    for (const gateway of rig.gateways) expect(await refusedBy(gateway)).toEqual([]);
  });
});

describe('F20 far more than a gateway may hold', () => {
  it('100,000 rules of 500 bytes: the old configuration serves, probes answer, nothing crashes', async () => {
    const before = await Promise.all(rig.gateways.map(({ running }) => revisionOf(running)));
    const load = new Load({ urls: rig.urls, headers, loops: 2, pauseMs: 20 });
    const probes = new Probes(rig.gateways.map(({ running }) => `${running.managementUrl}/livez`));
    const forced = await forceRules(sql, rule, { count: 100_000, firstId: 1_000_000, bytes: 500 });
    await eventually(
      'every config-center has refused it',
      async () => (rig.configCenters.every(({ app }) => app.log.includes(REFUSED)) ? true : null),
      45_000,
    );
    await load.more(50);
    expect(await load.stop()).toEqual([]);
    const degraded = load.samples.filter((each) => each.headers.has('x-gateway-degraded'));
    // Single decisions may have been too late on a busy machine; the store was never away.
    expect(degraded.length).toBeLessThan(load.samples.length / 20);
    const slowest = await probes.stop();
    expect(await limits()).toEqual([MANY + 2 * STEP, MANY + 2 * STEP, MANY + 2 * STEP]);
    const after = await Promise.all(rig.gateways.map(({ running }) => revisionOf(running)));
    expect(after).toEqual(before);
    expect(forced).toBeGreaterThan(Math.max(...before));
    expect(probes.failures).toEqual([]);
    expect(slowest).toBeLessThan(200);
  });

  it('mended in the database, the next change is everywhere again', async () => {
    await sql.query('DELETE FROM config_changes WHERE resource_id >= 1000000');
    const path = `/api/v1/rules/${ruleId}`;
    const body = { rule_config: { max_requests_per_minute: MANY + 3 * STEP } };
    const { revision } = await rig.admin.write('PUT', path, body);
    await eventually(
      'every gateway runs it',
      async () => {
        const now = await Promise.all(rig.gateways.map(({ running }) => revisionOf(running)));
        return now.every((each) => each >= revision) ? true : null;
      },
      45_000,
    );
    expect(await limits()).toEqual([MANY + 3 * STEP, MANY + 3 * STEP, MANY + 3 * STEP]);
  });
});

/** Asks again and again how long an answer takes. */
class Probes {
  readonly failures: unknown[] = [];
  private slowestMs = 0;
  private stopping = false;
  private readonly loops: Promise<void>[];

  constructor(urls: readonly string[]) {
    this.loops = urls.map((url) => this.run(url));
  }

  /** The longest any took, milliseconds. */
  async stop(): Promise<number> {
    this.stopping = true;
    await Promise.all(this.loops);
    return this.slowestMs;
  }

  private async run(url: string): Promise<void> {
    while (!this.stopping) {
      const startedMs = performance.now();
      try {
        const response = await fetch(url);
        await response.text();
        if (!response.ok) this.failures.push(response.status);
      } catch (error) {
        this.failures.push(error);
      }
      this.slowestMs = Math.max(this.slowestMs, performance.now() - startedMs);
      await delay(PROBE_PAUSE_MS);
    }
  }
}
