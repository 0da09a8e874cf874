/**
 * One holder over all processes that share a database. MySQL and MariaDB: GET_LOCK on one
 * connection. SQLite: an exclusive transaction on a small file of its own beside the database, which
 * the system releases when the process dies.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import type { DataSource } from 'typeorm';

const WAIT_MS = 60_000;
/** Below the query timeout, so one lock query never runs into it. */
const MYSQL_TRY_SEC = 2;
const RETRY_MS = 50;

export async function withMysqlLock<Result>(
  dataSource: DataSource,
  name: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const runner = dataSource.createQueryRunner();
  const tryLock = async (): Promise<boolean> => {
    const rows = (await runner.query('SELECT GET_LOCK(?, ?) AS held', [
      name.slice(0, 64),
      MYSQL_TRY_SEC,
    ])) as { held: number | string | null }[];
    return Number(rows[0]?.held) === 1;
  };
  try {
    await untilHeld(tryLock, name);
    return await work();
  } finally {
    await runner.query('SELECT RELEASE_LOCK(?)', [name.slice(0, 64)]);
    await runner.release();
  }
}

/** Waits without blocking the event loop, because the holder may live in this very process. */
export async function withFileLock<Result>(
  path: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    await untilHeld(() => tryLock(database), path);
    return await work();
  } finally {
    database.close();
  }
}

async function untilHeld(tryLock: () => Promise<boolean> | boolean, name: string): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS;
  while (!(await tryLock())) {
    if (performance.now() > deadlineMs) throw new Error(`${name} is held by another process`);
    await pause(RETRY_MS);
  }
}

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.includes('locked')) return false;
    throw error;
  }
}
