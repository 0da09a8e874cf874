import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigStateEntity } from '../revisions/config-state.entity.js';
import type { DataSource } from 'typeorm';
import { openDatabase } from './data-source.js';
import { Database } from './database.js';
import { NodeSqliteDatabase } from './node-sqlite.adapter.js';

let dir: string;
const opened: Database[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'database-'));
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((database) => database.close()));
  rmSync(dir, { recursive: true, force: true });
});

async function open(): Promise<Database> {
  const sqlitePath = join(dir, 'test.sqlite');
  const database = await openDatabase({
    databaseUrl: null,
    sqlitePath,
    entities: [ConfigStateEntity],
  });
  opened.push(database);
  return database;
}

const next = (database: Database) =>
  database.transaction(async (manager) => {
    await manager.increment(ConfigStateEntity, { state_id: 1 }, 'revision', 1);
    return (await manager.findOneByOrFail(ConfigStateEntity, { state_id: 1 })).revision;
  });

const revisionOf = async (database: Database) =>
  (await database.manager.findOneByOrFail(ConfigStateEntity, { state_id: 1 })).revision;

describe('embedded database', () => {
  it('keeps its files to the user of the process', async () => {
    const database = await open();
    await next(database);
    const modes = readdirSync(dir).map((name) => [name, statSync(join(dir, name)).mode & 0o777]);
    expect(modes).toEqual([
      ['test.sqlite', 0o600],
      ['test.sqlite-shm', 0o600],
      ['test.sqlite-wal', 0o600],
      ['test.sqlite.lock', 0o600],
    ]);
  });

  it('rolls back what a failed transaction wrote', async () => {
    const database = await open();
    const failing = database.transaction(async (manager) => {
      await manager.increment(ConfigStateEntity, { state_id: 1 }, 'revision', 1);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await revisionOf(database)).toBe(0);
    expect(await next(database)).toBe(1);
  });

  it('hides an open transaction from reads beside it', async () => {
    const database = await open();
    const beside = AsyncLocalStorage.snapshot();
    await database.transaction(async (manager) => {
      await manager.increment(ConfigStateEntity, { state_id: 1 }, 'revision', 1);
      expect(await beside(() => revisionOf(database))).toBe(0);
      expect(await revisionOf(database)).toBe(1);
    });
    expect(await revisionOf(database)).toBe(1);
  });

  it('gives concurrent transactions their turn', async () => {
    const database = await open();
    const revisions = await Promise.all(Array.from({ length: 10 }, () => next(database)));
    expect(revisions).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('migrates once when two processes start together, and both write', async () => {
    const [first, second] = await Promise.all([open(), open()]);
    const revisions = [await next(first), await next(second), await next(first)];
    expect(revisions).toEqual([1, 2, 3]);
    expect(await revisionOf(second)).toBe(3);
  });

  it('runs its migrations down and up again', async () => {
    const { dataSource } = await open();
    await dataSource.undoLastMigration();
    await dataSource.runMigrations();
    const rows: unknown = await dataSource.query('SELECT revision FROM config_state');
    expect(rows).toEqual([{ revision: 0 }]);
  });

  it('refuses the second of two equal keys as CONFLICT, a dangling reference as IN_USE', async () => {
    const database = await open();
    const insert = (sql: string) => database.transaction((manager) => manager.query(sql));
    const user = `INSERT INTO users (username, role, password_hash, create_time, update_time)
      VALUES ('a', 'auditor', 'x', '2026-01-01', '2026-01-01')`;
    await insert(user);
    await expect(insert(user)).rejects.toMatchObject({ code: 'CONFLICT' });
    const session = `INSERT INTO sessions
      (session_id, user_id, token_version, refresh_digest, address, create_time, expires_at)
      VALUES ('s', 99, 1, 'd', '::1', '2026-01-01', '2026-01-01')`;
    await expect(insert(session)).rejects.toMatchObject({ code: 'IN_USE' });
  });

  it('answers STORE_UNAVAILABLE once it is closed', async () => {
    const database = await open();
    await database.close();
    expect(await database.isUp()).toBe(false);
    await expect(next(database)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});

describe('a transaction that loses a lock', () => {
  const losing = (times: number) => {
    let attempts = 0;
    const transaction = async (): Promise<number> => {
      attempts += 1;
      if (attempts > times) return attempts;
      throw Object.assign(new Error('deadlock'), { code: 'ER_LOCK_DEADLOCK' });
    };
    const dataSource = { transaction } as unknown as DataSource;
    return new Database({ kind: 'mysql', dataSource, close: async () => undefined });
  };
  const work = async () => 'done';

  it('begins anew up to three times', async () => {
    expect(await losing(3).transaction(work)).toBe(4);
  });

  it('answers STORE_UNAVAILABLE after that', async () => {
    await expect(losing(4).transaction(work)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
  });
});

describe('node:sqlite behind the driver', () => {
  it('binds numbers, text, null and bytes and tells rows from writes', () => {
    const database = new NodeSqliteDatabase(join(dir, 'plain.sqlite'));
    database.prepare('CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, c, d)').run();
    const bytes = new Uint8Array([1, 2, 255]);
    const insert = database.prepare('INSERT INTO t (a, b, c, d) VALUES (?, ?, ?, ?)');
    expect(insert.reader).toBe(false);
    expect(insert.run(2 ** 52, '中文 🚀', null, bytes)).toEqual({ changes: 1, lastInsertRowid: 1 });
    const select = database.prepare('SELECT a, b, c, d FROM t');
    expect(select.reader).toBe(true);
    expect(select.all()).toEqual([{ a: 2 ** 52, b: '中文 🚀', c: null, d: bytes }]);
    expect(database.pragma('journal_mode = WAL')).toEqual([{ journal_mode: 'wal' }]);
    database.close();
  });
});
