/** Policies, which namespaces bind to, and the settings of gateways by level. */
import { Table, type MigrationInterface, type QueryRunner, type TableOptions } from 'typeorm';
import {
  comparedByBytes,
  idColumn,
  intColumn,
  jsonColumn,
  nameColumn,
  storedColumns,
  textColumn,
} from '../table-columns.js';

export class PoliciesAndSettings1763800100000 implements MigrationInterface {
  readonly name = 'PoliciesAndSettings1763800100000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) {
      const columns = table.columns?.map((column) => comparedByBytes(runner, column)) ?? [];
      await runner.createTable(new Table({ ...table, columns }), true);
    }
    if (await runner.hasColumn('namespaces', 'policy_ids')) return;
    // Said in SQL: for SQLite the library would rebuild the table, which others refer to. MySQL takes
    // a default of JSON only as an expression.
    await runner.query("ALTER TABLE namespaces ADD COLUMN policy_ids json NOT NULL DEFAULT ('[]')");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE namespaces DROP COLUMN policy_ids');
    for (const table of TABLES.toReversed()) await runner.dropTable(table.name);
  }
}

const TABLES: readonly TableOptions[] = [
  {
    name: 'policies',
    columns: [
      idColumn('policy_id'),
      nameColumn('policy_name', 100),
      textColumn('description', true),
      nameColumn('policy_type', 50),
      jsonColumn('rules'),
      intColumn('next_rule_no', 1),
      intColumn('status', 1),
      ...storedColumns(),
    ],
    indices: [{ name: 'uq_policy_name', columnNames: ['policy_name'], isUnique: true }],
  },
  {
    name: 'gateway_settings',
    columns: [
      idColumn('settings_id'),
      nameColumn('level', 20),
      nameColumn('level_name', 100),
      jsonColumn('values'),
      ...storedColumns(),
    ],
    indices: [{ name: 'uq_settings_level', columnNames: ['level', 'level_name'], isUnique: true }],
  },
];
