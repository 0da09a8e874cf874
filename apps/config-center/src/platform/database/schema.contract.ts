/** Migrations and entities are written apart; this holds them together on every database. */
import type { DataSource, Driver, TableColumn } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { expect } from 'vitest';

export async function expectTablesOfEntities(dataSource: DataSource): Promise<void> {
  const { driver, entityMetadatas } = dataSource;
  const runner = dataSource.createQueryRunner();
  for (const { tablePath, columns } of entityMetadatas) {
    const table = await runner.getTable(tablePath);
    const stored = table?.columns.map((column) => shapeOf(driver, column));
    expect(stored?.sort()).toEqual(columns.map((column) => shapeOf(driver, column)).sort());
  }
  await runner.release();
}

/** MariaDB keeps JSON as text. */
function shapeOf(driver: Driver, column: TableColumn | ColumnMetadata): string {
  const isTable = 'name' in column;
  const name = isTable ? column.name : column.databaseName;
  const type = driver.normalizeType(column).replace('json', 'longtext');
  return [name, type, column.length, column.isNullable, column.isPrimary].join(' ');
}
