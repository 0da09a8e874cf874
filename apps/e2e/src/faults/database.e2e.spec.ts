/** What becomes of configuration when its database is away, cuts connections or refuses locks. */
import { DURABLE, startMariaDb, type RunningMariaDb } from '@ai-gateway/devkit';
import { launchApp } from '@ai-gateway/testing';
import {
  createConnection,
  createPool,
  type Connection,
  type Pool,
  type RowDataPacket,
} from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AdminClient, type Answer } from '../admin.client.js';
import { createDatabase } from '../database.js';
import { eventually } from '../eventually.js';
import { ADMIN_PASSWORD } from '../installation.js';
import { Load } from '../load.js';
import { FaultRig } from './fault-rig.js';
import { MANY, STEP, requestsPerMinute } from './rules.js';

/** Stands for the 5 minutes of a real outage: nothing counts its length. */
const OUTAGE_MS = 5000;
const HEALED_MS = 5000;

let mariaDb: RunningMariaDb;
let rig: FaultRig;
/** Of one connection; made anew when the server was away. */
let sql: Pool;
let headers: Record<string, string>;
let rulePath: string;
let namespacePath: string;
let limit = MANY;

beforeAll(async () => {
  mariaDb = await startMariaDb({ args: DURABLE });
  rig = await FaultRig.start({ mysqlUrl: mariaDb.url, gateways: 2 });
  sql = createPool({ uri: rig.installation.databaseUrl, connectionLimit: 1 });
  const tenant = await rig.tenant('stored', [requestsPerMinute(MANY)]);
  headers = tenant.headers;
  rulePath = `/api/v1/rules/${tenant.ruleIds[0] ?? 0}`;
  namespacePath = `/api/v1/namespaces/${tenant.namespaceId}`;
});
afterAll(async () => {
  await sql.end();
  await rig.stop();
  await mariaDb.stop();
});

const select = async (query: string): Promise<RowDataPacket[]> =>
  (await sql.query<RowDataPacket[]>(query))[0];

function changeLimit(admin = rig.admin): Promise<Answer> {
  limit += STEP;
  const body = { rule_config: { max_requests_per_minute: limit } };
  return admin.call('PUT', rulePath, { body, ifMatch: '*' });
}

/** The revision after it. Rejects unless writes succeed again in time. */
async function healed(): Promise<number> {
  const fromMs = performance.now();
  const answer = await eventually('a write succeeds', async () => {
    const tried = await changeLimit();
    return tried.status === 200 ? tried : null;
  });
  expect(performance.now() - fromMs).toBeLessThan(HEALED_MS);
  return Number(answer.headers.get('x-config-revision'));
}

const headNow = async (): Promise<number> =>
  Number((await select('SELECT revision FROM config_state'))[0]?.['revision']);

/** Every revision up to the head has its changes and its author, and the rule is what the last one says. */
async function expectNothingHalfWritten(): Promise<void> {
  const head = await headNow();
  for (const table of ['config_changes', 'config_revisions']) {
    const [row] = await select(
      `SELECT COUNT(DISTINCT revision) n, MAX(revision) top FROM ${table}`,
    );
    expect([Number(row?.['n']), Number(row?.['top'])]).toEqual([head, head]);
  }
  const id = Number(rulePath.split('/').at(-1));
  const [rule] = await select(
    `SELECT rule_config, version FROM namespace_rules WHERE rule_id = ${id}`,
  );
  const changes = await select(
    `SELECT value FROM config_changes WHERE kind = 'rule' AND resource_id = ${id} ORDER BY revision`,
  );
  expect(Number(rule?.['version'])).toBe(changes.length);
  expect(parsed(changes.at(-1)?.['value'])).toMatchObject({
    rule_config: parsed(rule?.['rule_config']),
  });
}

const parsed = (json: unknown): unknown => (typeof json === 'string' ? JSON.parse(json) : json);

const codeOf = ({ status, body }: Answer): [number, unknown] => [status, body['code']];
const UNAVAILABLE = [503, 'STORE_UNAVAILABLE'];

/** A transaction of somebody else that holds what every write needs first. */
async function holdHead(): Promise<Connection> {
  const holder = await createConnection(rig.installation.databaseUrl);
  await holder.beginTransaction();
  await holder.query('SELECT * FROM config_state WHERE state_id = 1 FOR UPDATE');
  return holder;
}

/** The connection on which a write waits. */
const waitingWrite = (): Promise<number> =>
  eventually('a write waits within its transaction', async () => {
    const rows = await select(
      `SELECT id FROM information_schema.processlist WHERE info LIKE 'UPDATE%config_state%'`,
    );
    return rows[0] === undefined ? null : Number(rows[0]['id']);
  });

describe('F41 the database stopped', () => {
  let before: Answer;
  let load: Load;

  it('a read answered earlier is answered from memory and says so', async () => {
    before = await rig.admin.call('GET', rulePath);
    expect([before.status, before.headers.get('warning')]).toEqual([200, null]);
    load = new Load({ urls: rig.urls, headers, loops: 2, pauseMs: 20 });
    await load.more(20);
    await mariaDb.kill();
    const stale = await rig.admin.call('GET', rulePath);
    expect([stale.status, stale.body]).toEqual([200, before.body]);
    expect(stale.headers.get('warning')).toBe('110 - "Response is Stale"');
    expect(Number(stale.headers.get('age'))).toBeGreaterThanOrEqual(0);
    expect(stale.headers.get('etag')).toBe(before.headers.get('etag'));
  });

  it('what was not read before, writes and logins answer 503; strangers are still refused', async () => {
    expect(codeOf(await rig.admin.call('GET', `${rulePath}?x=1`))).toEqual(UNAVAILABLE);
    expect(codeOf(await changeLimit())).toEqual(UNAVAILABLE);
    const nobody = new AdminClient(rig.admin.url);
    expect((await nobody.call('GET', rulePath)).status).toBe(401);
    const stranger = { authorization: 'Bearer nothing' };
    expect((await nobody.call('GET', rulePath, { headers: stranger })).status).toBe(401);
    const login = { body: { username: 'admin', password: ADMIN_PASSWORD } };
    expect(codeOf(await nobody.call('POST', '/api/v1/auth/login', login))).toEqual(UNAVAILABLE);
  });

  it('memory goes on serving the known user after the last check of the token is over', async () => {
    const until = performance.now() + OUTAGE_MS;
    await load.first('an answer late in the outage', ({ endedAt }) => endedAt > until);
    const stale = await rig.admin.call('GET', rulePath);
    expect([stale.status, stale.body]).toEqual([200, before.body]);
    expect(Number(stale.headers.get('age'))).toBeGreaterThanOrEqual(OUTAGE_MS / 1000 - 1);
    const nothing = await rig.admin.call('GET', '/api/v1/users');
    expect(codeOf(nothing)).toEqual(UNAVAILABLE);
    expect(codeOf(await changeLimit())).toEqual(UNAVAILABLE);
  });

  it('after its return writes succeed within 5 s, nothing is half-written, no request has failed', async () => {
    await mariaDb.restart();
    const revision = await healed();
    await rig.applied(revision);
    await expectNothingHalfWritten();
    expect((await rig.admin.call('GET', rulePath)).headers.get('warning')).toBeNull();
    expect(await load.stop()).toEqual([]);
  });
});

describe('F42 connections cut within a transaction', () => {
  it('the write whose connection is killed answers 503 and leaves nothing', async () => {
    const before = await headNow();
    const holder = await holdHead();
    const write = changeLimit();
    await sql.query(`KILL ${await waitingWrite()}`);
    expect(codeOf(await write)).toEqual(UNAVAILABLE);
    await holder.end();
    expect(await headNow()).toBe(before);
    expect(await healed()).toBe(before + 1);
    await expectNothingHalfWritten();
  });

  it('all connections killed: the pool is whole again within 5 s', async () => {
    const mine = (await select('SELECT CONNECTION_ID() id'))[0]?.['id'] as number;
    const all = await select('SELECT id FROM information_schema.processlist WHERE db IS NOT NULL');
    for (const { id } of all) if (id !== mine) await sql.query(`KILL ${String(id)}`);
    const revision = await healed();
    const reads = Array.from({ length: 20 }, () => rig.admin.call('GET', rulePath));
    for (const { status, headers: answered } of await Promise.all(reads)) {
      expect([status, answered.get('warning')]).toEqual([200, null]);
    }
    await rig.applied(revision);
    await expectNothingHalfWritten();
  });

  it('the server restarted: the write answers 503, and the next succeeds within 5 s', async () => {
    await holdHead();
    const write = changeLimit();
    await waitingWrite();
    await mariaDb.restart();
    expect(codeOf(await write)).toEqual(UNAVAILABLE);
    const revision = await healed();
    await rig.applied(revision);
    await expectNothingHalfWritten();
  });
});

describe('F45 locks', () => {
  it('held for long: a write tries 4 times at most, then answers 503', async () => {
    const holder = await holdHead();
    const startedMs = performance.now();
    expect(codeOf(await changeLimit())).toEqual(UNAVAILABLE);
    // Each attempt waits 2 s for the lock.
    expect(performance.now() - startedMs).toBeGreaterThan(7500);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    await holder.end();
    await expectNothingHalfWritten();
  });

  it('held for a while: the write waits, tries again and succeeds once', async () => {
    const before = await headNow();
    const holder = await holdHead();
    const write = changeLimit();
    const first = await waitingWrite();
    await eventually('the first attempt has given up', async () => {
      const [row] = await select(
        `SELECT info FROM information_schema.processlist WHERE id = ${first}`,
      );
      return row?.['info'] === null || row === undefined ? true : null;
    });
    await holder.end();
    expect((await write).status).toBe(200);
    expect(await headNow()).toBe(before + 1);
    await expectNothingHalfWritten();
  });

  it('a deadlock: the write that lost begins anew and succeeds once', async () => {
    const before = await headNow();
    const other = await createConnection(rig.installation.databaseUrl);
    await other.query('CREATE TABLE weight (n int PRIMARY KEY)');
    await other.beginTransaction();
    // The server sacrifices the transaction that has written less.
    await other.query('INSERT INTO weight SELECT seq FROM seq_1_to_1000');
    await other.query(`SELECT * FROM namespaces WHERE namespace_code = 'stored' FOR UPDATE`);
    const write = rig.admin.call('PUT', namespacePath, {
      body: { description: 'after a deadlock' },
      ifMatch: '*',
    });
    await eventually('the write waits for the namespace', async () => {
      const rows = await select(
        `SELECT id FROM information_schema.processlist
         WHERE info LIKE 'UPDATE%namespaces%' AND time_ms > 50`,
      );
      return rows.length > 0 ? true : null;
    });
    await other.query('SELECT * FROM config_state WHERE state_id = 1 FOR UPDATE');
    await other.commit();
    await other.query('DROP TABLE weight');
    await other.end();
    expect((await write).status).toBe(200);
    const [status] = await select('SHOW ENGINE INNODB STATUS');
    expect(status?.['Status']).toContain('LATEST DETECTED DEADLOCK');
    expect(await headNow()).toBe(before + 1);
    await expectNothingHalfWritten();
  });
});

describe('F46 a migration killed midway', () => {
  it.each([2, 14])(
    'after %i tables: two config-centers that start together complete it once',
    async (tables) => {
      const databaseUrl = await createDatabase(mariaDb.url);
      const schema = new URL(databaseUrl).pathname.slice(1);
      const count = async (): Promise<number> => {
        const [row] = await select(
          `SELECT COUNT(*) n FROM information_schema.tables WHERE table_schema = '${schema}'`,
        );
        return Number(row?.['n']);
      };
      const env = { ...rig.installation.configCenterEnv, DATABASE_URL: databaseUrl };
      const dying = await launchApp({ name: 'config-center', env, cwd: rig.installation.dataDir });
      while ((await count()) < tables);
      await dying.kill();
      const left = await count();
      const both = await Promise.all([1, 2].map(() => rig.installation.startConfigCenter(env)));
      expect(await count()).toBeGreaterThan(left);
      const [done] = await select(
        `SELECT COUNT(*) n, COUNT(DISTINCT name) names FROM ${schema}.migrations`,
      );
      expect(done?.['n']).toBe(done?.['names']);
      const [states] = await select(`SELECT COUNT(*) n FROM ${schema}.config_state`);
      expect(states?.['n']).toBe(1);
      for (const { url } of both) await new AdminClient(url).login('admin', ADMIN_PASSWORD);
      await Promise.all(both.map(({ app }) => app.kill()));
    },
  );
});
