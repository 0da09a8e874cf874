/** The feed on a real MariaDB, larger than a page, as several gateways read it. */
import { randomBytes } from 'node:crypto';
import { ConfigFollower, ConfigStore, createHttpConfigSource } from '@ai-gateway/config-feed';
import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { SERVICE_CREDENTIAL, TestApp, testSettings } from '../../admin-api-client.contract.js';
import { describeFeedHistory } from './feed-history.contract.js';
import { Database } from '../../platform/database/database.js';

const NAMESPACES = 2_500;
const GATEWAYS = 3;

let app: TestApp;

async function newDatabase(): Promise<string> {
  const url = new URL(inject('mysqlUrl'));
  const name = `feed_${randomBytes(6).toString('hex')}`;
  const connection = await createConnection(url.href);
  await connection.query(`CREATE DATABASE ${name}`);
  await connection.end();
  url.pathname = `/${name}`;
  return url.href;
}

describeFeedHistory('MariaDB', async () => ({ databaseUrl: await newDatabase() }));

beforeAll(async () => {
  app = await TestApp.start(testSettings({ databaseUrl: await newDatabase() }));
  await fill();
});
afterAll(() => app.stop());

/** One revision with many namespaces, past the API. */
async function fill(): Promise<void> {
  const { dataSource } = app.app.get(Database);
  await dataSource.query('UPDATE config_state SET revision = revision + 1');
  const rows = Array.from({ length: NAMESPACES }, (_, index) => {
    const value = {
      namespace_id: index + 1,
      namespace_code: `n${index + 1}`,
      namespace_name: '渠道 🚀',
      description: null,
      status: 1,
      is_default: false,
      labels: {},
    };
    return [1, 'namespace', index + 1, JSON.stringify(value), new Date()];
  });
  for (let start = 0; start < rows.length; start += 500) {
    const some = rows.slice(start, start + 500);
    await dataSource.query(
      `INSERT INTO config_changes (revision, kind, resource_id, value, create_time)
       VALUES ${some.map(() => '(?, ?, ?, ?, ?)').join(', ')}`,
      some.flat(),
    );
  }
}

/** Requests answered so far on a path of the feed. */
async function served(path: string): Promise<number> {
  const text = await (await fetch(`${app.url}/metrics`)).text();
  const series = new RegExp(`requests_total\\{[^}]*route="/api/v1/feed/${path}"[^}]*\\} (\\d+)`);
  return Number(series.exec(text)?.[1] ?? 0);
}

function newGateway(readPin = (): Promise<number | null> => Promise.resolve(null)) {
  const store = new ConfigStore<number>({
    compile: (resources) => ({ table: resources.namespace.size, problems: [] }),
    install: () => undefined,
  });
  const source = createHttpConfigSource({ baseUrl: app.url, credential: SERVICE_CREDENTIAL });
  return { store, follower: new ConfigFollower({ store, sources: [source], readPin }) };
}

describe('the feed of a configuration of several pages', () => {
  it('is read once for gateways that start together, with a handful of requests', async () => {
    const queries = await countPageReads(async () => {
      const gateways = Array.from({ length: GATEWAYS }, newGateway);
      await Promise.all(gateways.map(({ follower }) => follower.start()));
      for (const { store } of gateways) expect(store.resources.namespace.size).toBe(NAMESPACES);
      await Promise.all(gateways.map(({ follower }) => follower.close()));
    });
    expect(queries).toBe(Math.ceil(NAMESPACES / 1_000));
    expect(await served('changes')).toBe(GATEWAYS);
    expect(await served('head')).toBeLessThanOrEqual(3 * GATEWAYS);
  });

  it('is complete and without repetition', async () => {
    const { changes } = await app.feed('changes');
    const ids = changes.map(({ id }) => id);
    expect([ids.length, new Set(ids).size]).toEqual([NAMESPACES, NAMESPACES]);
  });

  it('holds a value that is no JSON as one bad resource', async () => {
    const { dataSource } = app.app.get(Database);
    await dataSource.query('UPDATE config_state SET revision = revision + 1');
    await dataSource.query(
      `INSERT INTO config_changes (revision, kind, resource_id, value, create_time)
       VALUES (2, 'namespace', 1, '"not an object"', NOW())`,
    );
    const { store, follower } = newGateway();
    await follower.start();
    expect(store.resources.namespace.size).toBe(NAMESPACES - 1);
    expect(store.nacks).toMatchObject([{ kind: 'namespace', id: 1 }]);
    await follower.close();
  });

  it('brings a gateway back to the revision it is pinned to', async () => {
    const { store, follower } = newGateway(() => Promise.resolve(1));
    await follower.start();
    expect(follower.status()).toMatchObject({
      applied: { revision: 1 },
      pin: { revision: 1, problem: null },
      source: 'http',
    });
    expect([store.resources.namespace.size, store.nacks]).toEqual([NAMESPACES, []]);
    await follower.close();
  });
});

/** Page reads the database was asked for, by its own count. */
async function countPageReads(work: () => Promise<void>): Promise<number> {
  const { dataSource } = app.app.get(Database);
  const asked: string[] = [];
  const query = dataSource.driver.createQueryRunner.bind(dataSource.driver);
  dataSource.driver.createQueryRunner = (mode) => {
    const runner = query(mode);
    const run = runner.query.bind(runner);
    runner.query = (sql: string, ...rest: never[]) => {
      if (sql.includes('NOT EXISTS') && sql.includes('LIMIT 1000')) asked.push(sql);
      return run(sql, ...rest) as Promise<never>;
    };
    return runner;
  };
  await work().finally(() => (dataSource.driver.createQueryRunner = query));
  return asked.length;
}
