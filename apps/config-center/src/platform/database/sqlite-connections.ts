/**
 * TypeORM's SQLite driver runs everything over one connection and one query runner: a read beside
 * an open transaction would see what may yet be rolled back. It asks for a `slave` runner for reads
 * outside of transactions, so those get a second connection; WAL lets it read while the first
 * writes. Rejected: a pool of writers, which SQLite serialises anyway.
 */
import type { DataSource, QueryRunner, ReplicationMode } from 'typeorm';
import { BetterSqlite3QueryRunner } from 'typeorm/driver/better-sqlite3/BetterSqlite3QueryRunner.js';
import type { NodeSqliteDatabase } from './node-sqlite.adapter.js';

type Driver = ConstructorParameters<typeof BetterSqlite3QueryRunner>[0];

class ReaderQueryRunner extends BetterSqlite3QueryRunner {
  constructor(
    driver: Driver,
    private readonly readerDatabase: NodeSqliteDatabase,
  ) {
    super(driver);
  }

  override connect(): Promise<NodeSqliteDatabase> {
    return Promise.resolve(this.readerDatabase);
  }
}

/** Call once after `initialize`; the caller closes `reader`. */
export function readThrough(dataSource: DataSource, reader: NodeSqliteDatabase): void {
  const driver = dataSource.driver as unknown as Driver & {
    createQueryRunner(mode: ReplicationMode): QueryRunner;
  };
  const writerRunner = driver.createQueryRunner.bind(driver);
  const readerRunner = new ReaderQueryRunner(driver, reader);
  driver.createQueryRunner = (mode) => (mode === 'slave' ? readerRunner : writerRunner(mode));
}
