/**
 * Column building blocks of the migrations. Only types that SQLite, MariaDB and MySQL store alike:
 * no enum, decimal, timestamp; times are datetime(3) set in code.
 */
import type { QueryRunner, TableColumnOptions } from 'typeorm';

export const idColumn = (name: string): TableColumnOptions => ({
  name,
  // SQLite generates ids only for this spelling.
  type: 'integer',
  isPrimary: true,
  isGenerated: true,
  generationStrategy: 'increment',
});

export const intColumn = (name: string, fallback?: number): TableColumnOptions => ({
  name,
  type: 'int',
  ...(fallback === undefined ? {} : { default: String(fallback) }),
});

export const referenceColumn = (name: string): TableColumnOptions => ({ name, type: 'int' });

export const bigCountColumn = (name: string): TableColumnOptions => ({
  name,
  type: 'bigint',
  default: '0',
});

export const flagColumn = (name: string): TableColumnOptions => ({
  name,
  type: 'boolean',
  default: '0',
});

export const nameColumn = (name: string, length: number): TableColumnOptions => ({
  name,
  type: 'varchar',
  length: String(length),
});

export const textColumn = (name: string, isNullable = false): TableColumnOptions => ({
  name,
  type: 'text',
  isNullable,
});

/** `longtext` with a JSON check on MariaDB, `json` on MySQL, text on SQLite. */
export const jsonColumn = (name: string, isNullable = false): TableColumnOptions => ({
  name,
  type: 'json',
  isNullable,
});

export const timeColumn = (name: string, isNullable = false): TableColumnOptions => ({
  name,
  type: 'datetime',
  precision: 3,
  isNullable,
});

export const storedColumns = (): TableColumnOptions[] => [
  intColumn('version', 1),
  timeColumn('create_time'),
  timeColumn('update_time'),
];

export const nullable = (column: TableColumnOptions): TableColumnOptions => ({
  ...column,
  isNullable: true,
});

/**
 * Text is compared byte by byte on every database, as SQLite does: `Demo` and `demo` are two codes.
 * Said per column, because a database may have been made with any character set.
 */
export function comparedByBytes(runner: QueryRunner, column: TableColumnOptions) {
  if (runner.dataSource.options.type === 'better-sqlite3' || !TEXTS.has(column.type)) return column;
  return { ...column, charset: 'utf8mb4', collation: 'utf8mb4_bin' };
}

const TEXTS = new Set(['varchar', 'text']);
