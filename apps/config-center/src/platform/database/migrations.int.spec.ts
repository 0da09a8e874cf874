import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import { DataSource } from 'typeorm';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { MIGRATIONS } from './migrations/index.js';
import { SILENT_QUERY_LOGGER } from './silent.query-logger.js';

const opened: DataSource[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((dataSource) => dataSource.destroy()));
});

async function newDatabase(): Promise<DataSource> {
  const url = new URL(inject('mysqlUrl'));
  const name = `migrations_${randomBytes(6).toString('hex')}`;
  const connection = await createConnection(url.href);
  await connection.query(`CREATE DATABASE ${name}`);
  await connection.end();
  url.pathname = `/${name}`;
  const dataSource = new DataSource({
    type: 'mariadb',
    url: url.href,
    migrations: [...MIGRATIONS],
    logger: SILENT_QUERY_LOGGER,
  });
  opened.push(dataSource);
  return dataSource.initialize();
}

const migrate = (dataSource: DataSource) => dataSource.runMigrations({ transaction: 'none' });

class Killed extends Error {}

const CHANGES = /^\s*(SELECT|SHOW|SET|START|COMMIT|ROLLBACK)\b/i;

/** From now on each migration run gets that many changing statements through and then dies. */
function dieAfter(dataSource: DataSource, statements: number): void {
  const create = dataSource.createQueryRunner.bind(dataSource);
  let left = statements;
  dataSource.createQueryRunner = (mode) => {
    const runner = create(mode);
    const query = runner.query.bind(runner) as (...args: unknown[]) => Promise<unknown>;
    const counted = async (sql: string, ...rest: unknown[]): Promise<unknown> => {
      if (!CHANGES.test(sql) && (left -= 1) < 0) throw new Killed();
      return query(sql, ...rest);
    };
    return Object.assign(runner, { query: counted });
  };
}

/** Resolves to true when the migrations came to their end. */
async function attempt(dataSource: DataSource): Promise<boolean> {
  const { createQueryRunner } = dataSource;
  dieAfter(dataSource, 1);
  try {
    await migrate(dataSource);
    return true;
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    return false;
  } finally {
    dataSource.createQueryRunner = createQueryRunner;
  }
}

async function schemaOf(dataSource: DataSource): Promise<unknown[]> {
  const tables: Record<string, string>[] = await dataSource.query('SHOW TABLES');
  const names = tables.flatMap((row) => Object.values(row)).sort();
  return Promise.all(
    names.map(async (name) => {
      const [row] = await dataSource.query<object[]>(`SHOW CREATE TABLE ${name}`);
      const [{ size }] = await dataSource.query(`SELECT COUNT(*) size FROM ${name}`);
      const sql = Object.values(row ?? {})[1].replace(/ AUTO_INCREMENT=\d+/, '');
      return { sql, size: Number(size) };
    }),
  );
}

describe('migrations on MariaDB', () => {
  it('complete from every half of themselves, with the schema of an undisturbed run', async () => {
    const [disturbed, undisturbed] = [await newDatabase(), await newDatabase()];
    await migrate(undisturbed);
    let attempts = 1;
    while (!(await attempt(disturbed))) {
      attempts += 1;
      expect(attempts).toBeLessThan(200);
    }
    expect(attempts).toBeGreaterThan(MIGRATIONS.length);
    expect(await schemaOf(disturbed)).toEqual(await schemaOf(undisturbed));
  });
});
