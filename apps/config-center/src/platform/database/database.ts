/**
 * Access to the store. Reads go through `manager`, which sees committed data only. Writes go through
 * `transaction`; a write outside of it would join whatever transaction is open on SQLite's single
 * writing connection.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { DataSource, EntityManager } from 'typeorm';
import { AdminError } from '@ai-gateway/nest-runtime';
import { isDuplicate, isLockConflict, isReferenced, isStoreFailure } from './database-errors.js';

const MAX_RETRIES = 3;
const RETRY_MS = 20;

export type DatabaseKind = 'sqlite' | 'mysql';

export interface DatabaseParts {
  kind: DatabaseKind;
  dataSource: DataSource;
  close: () => Promise<void>;
}

export class Database {
  readonly kind: DatabaseKind;
  readonly dataSource: DataSource;
  private readonly closeParts: () => Promise<void>;
  private queue: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor({ kind, dataSource, close }: DatabaseParts) {
    this.kind = kind;
    this.dataSource = dataSource;
    this.closeParts = close;
  }

  /** For reads. */
  get manager(): EntityManager {
    return this.dataSource.manager;
  }

  /**
   * Commits when `work` resolves, rolls back when it rejects. A duplicate key rejects as CONFLICT.
   * Who loses a lock begins anew, so `work` may run more than once.
   */
  async transaction<Result>(work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    const run = () => this.dataSource.transaction(work);
    for (let retries = 0; ; retries += 1) {
      try {
        return this.kind === 'sqlite' ? await this.oneAtATime(run) : await run();
      } catch (error) {
        if (retries === MAX_RETRIES || !isLockConflict(error)) throw storeError(error);
        await pause(RETRY_MS * (1 + Math.random()));
      }
    }
  }

  /** True when the database answers. */
  async isUp(): Promise<boolean> {
    if (this.closed) return false;
    try {
      await this.dataSource.query('SELECT 1');
      return true;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.queue;
    await this.closeParts();
  }

  /** All transactions share SQLite's one writing connection, where they would nest. */
  private oneAtATime<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.queue.then(run);
    this.queue = result.catch(() => undefined);
    return result;
  }
}

function storeError(error: unknown): unknown {
  if (isDuplicate(error)) return new AdminError('CONFLICT', { cause: error });
  if (isReferenced(error)) return new AdminError('IN_USE', { cause: error });
  if (isStoreFailure(error)) return new AdminError('STORE_UNAVAILABLE', { cause: error });
  return error;
}
