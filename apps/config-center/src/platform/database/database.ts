/**
 * Access to the store. Reads go through `manager`, which sees committed data, and within a
 * transaction also what that has written. Writes go through `transaction`; a write outside of it
 * would join whatever transaction is open on SQLite's single writing connection. A transaction
 * within a transaction joins it: several use cases become one by running them in one.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
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

interface OpenTransaction {
  readonly manager: EntityManager;
  isOpen: boolean;
}

export class Database {
  readonly kind: DatabaseKind;
  readonly dataSource: DataSource;
  private readonly closeParts: () => Promise<void>;
  private readonly open = new AsyncLocalStorage<OpenTransaction>();
  private queue: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor({ kind, dataSource, close }: DatabaseParts) {
    this.kind = kind;
    this.dataSource = dataSource;
    this.closeParts = close;
  }

  /** For reads. */
  get manager(): EntityManager {
    return this.current ?? this.dataSource.manager;
  }

  /** True within `transaction`. */
  get isWriting(): boolean {
    return this.current !== null;
  }

  /**
   * Commits when `work` resolves, rolls back when it rejects. A duplicate key rejects as CONFLICT.
   * Who loses a lock begins anew, so `work` may run more than once.
   */
  async transaction<Result>(work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    if (this.current !== null) return this.join(this.current, work);
    const run = (manager: EntityManager): Promise<Result> => this.within(manager, work);
    for (let retries = 0; ; retries += 1) {
      try {
        return await this.begin(run);
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

  /** Null outside of a transaction, also for what one started and did not wait for. */
  private get current(): EntityManager | null {
    const open = this.open.getStore();
    return open?.isOpen === true ? open.manager : null;
  }

  private async within<Result>(
    manager: EntityManager,
    work: (manager: EntityManager) => Promise<Result>,
  ): Promise<Result> {
    const transaction = { manager, isOpen: true };
    try {
      return await this.open.run(transaction, () => work(manager));
    } finally {
      transaction.isOpen = false;
    }
  }

  private async join<Result>(
    manager: EntityManager,
    work: (manager: EntityManager) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await work(manager);
    } catch (error) {
      throw storeError(error);
    }
  }

  /**
   * READ COMMITTED, because who waited for a lock must go on from what the one before has left: from
   * MariaDB 11.6 on, REPEATABLE READ refuses to change a row that has changed since the first read.
   */
  private begin<Result>(run: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    return this.kind === 'sqlite'
      ? this.oneAtATime(() => this.dataSource.transaction(run))
      : this.dataSource.transaction('READ COMMITTED', run);
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
