/**
 * Node's built-in SQLite in the clothes of better-sqlite3, as far as TypeORM's driver reaches.
 * Chosen because it needs no native addon; better-sqlite3 itself would have to be compiled where no
 * prebuilt binary can be fetched, and libsql aborts the process on bound buffers.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

export interface NodeSqliteOptions {
  readonly?: boolean;
  /** Milliseconds a statement waits for another process's lock. */
  timeout?: number;
}

interface RunResult {
  changes: number;
  lastInsertRowid: number;
}

export class NodeSqliteDatabase {
  private readonly database: DatabaseSync;

  constructor(path: string, { readonly = false, timeout = 5000 }: NodeSqliteOptions = {}) {
    this.database = new DatabaseSync(path, { readOnly: readonly, timeout });
  }

  prepare(sql: string): NodeSqliteStatement {
    return new NodeSqliteStatement(this.database.prepare(immediate(sql)));
  }

  pragma(text: string): unknown[] {
    return this.database.prepare(`PRAGMA ${text}`).all();
  }

  close(): void {
    this.database.close();
  }
}

class NodeSqliteStatement {
  /** True when the statement returns rows. */
  readonly reader: boolean;

  constructor(private readonly statement: StatementSync) {
    this.reader = statement.columns().length > 0;
  }

  all(...values: SQLInputValue[]): unknown[] {
    return this.statement.all(...values);
  }

  run(...values: SQLInputValue[]): RunResult {
    const { changes, lastInsertRowid } = this.statement.run(...values);
    return { changes: Number(changes), lastInsertRowid: Number(lastInsertRowid) };
  }
}

/**
 * A transaction that first reads and then writes cannot wait for another process's lock (SQLite
 * answers BUSY at once), so every transaction takes the write lock when it begins.
 */
const immediate = (sql: string): string => (sql === 'BEGIN TRANSACTION' ? 'BEGIN IMMEDIATE' : sql);
