/**
 * Opens the store: MySQL or MariaDB when a URL is given, else the embedded SQLite file. Both run the
 * same migrations, under a lock, so that several instances may start at once.
 */
import { dirname } from 'node:path';
import { ensureDataDir, ensurePrivateFile } from '@ai-gateway/node-runtime';
import type { Pool } from 'mysql2';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { withFileLock, withMysqlLock } from './advisory-lock.js';
import { Database } from './database.js';
import { MIGRATIONS } from './migrations/index.js';
import { NodeSqliteDatabase } from './node-sqlite.adapter.js';
import { SILENT_QUERY_LOGGER } from './silent.query-logger.js';
import { readThrough } from './sqlite-connections.js';

const BUSY_TIMEOUT_MS = 5000;
const QUERY_TIMEOUT_MS = 5000;
const CONNECT_TIMEOUT_MS = 3000;
const POOL_SIZE = 10;
/** More than these waiting for a connection are refused. */
const POOL_QUEUE = 500;
/** Below the query timeout, so that the server gives up first and says why. */
const LOCK_WAIT = 'SET SESSION innodb_lock_wait_timeout = 2';

export type Entities = NonNullable<DataSourceOptions['entities']>;

export interface OpenDatabaseOptions {
  /** Null: SQLite at `sqlitePath`. */
  databaseUrl: string | null;
  sqlitePath: string;
  entities: Entities;
}

export async function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
  return options.databaseUrl === null
    ? openSqlite(options.sqlitePath, options.entities)
    : openMysql(options.databaseUrl, options.entities);
}

async function openSqlite(path: string, entities: Entities): Promise<Database> {
  ensureDataDir(dirname(path));
  // SQLite gives its journal files the mode of the database.
  for (const file of [path, `${path}.lock`]) ensurePrivateFile(file);
  const dataSource = new DataSource({
    type: 'better-sqlite3',
    driver: NodeSqliteDatabase,
    database: path,
    timeout: BUSY_TIMEOUT_MS,
    enableWAL: true,
    entities,
    migrations: [...MIGRATIONS],
  });
  await withFileLock(`${path}.lock`, async () => {
    await dataSource.initialize();
    await dataSource.runMigrations({ transaction: 'all' });
  });
  const reader = new NodeSqliteDatabase(path, { timeout: BUSY_TIMEOUT_MS });
  reader.pragma('query_only = ON');
  readThrough(dataSource, reader);
  const close = async (): Promise<void> => {
    reader.close();
    await dataSource.destroy();
  };
  return new Database({ kind: 'sqlite', dataSource, close });
}

async function openMysql(url: string, entities: Entities): Promise<Database> {
  const dataSource = new DataSource({
    type: 'mariadb',
    url,
    charset: 'utf8mb4_unicode_ci',
    timezone: 'Z',
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxQueryExecutionTime: QUERY_TIMEOUT_MS,
    enableQueryTimeout: true,
    poolSize: POOL_SIZE,
    extra: { queueLimit: POOL_QUEUE },
    logger: SILENT_QUERY_LOGGER,
    entities,
    migrations: [...MIGRATIONS],
  });
  await dataSource.initialize();
  await limitLockWaits(dataSource);
  await withMysqlLock(dataSource, `ai-gateway-migrations:${dataSource.driver.database ?? ''}`, () =>
    dataSource.runMigrations({ transaction: 'none' }),
  );
  return new Database({ kind: 'mysql', dataSource, close: () => dataSource.destroy() });
}

/** On every connection: the one that `initialize` opened, and those the pool will open. */
async function limitLockWaits(dataSource: DataSource): Promise<void> {
  const { pool } = dataSource.driver as unknown as { pool: Pool };
  pool.on('connection', (connection) => connection.query(LOCK_WAIT));
  await dataSource.query(LOCK_WAIT);
}
