/** How the tokens of models are counted, and every version of it that was published. */
import { Table, type MigrationInterface, type QueryRunner, type TableOptions } from 'typeorm';
import {
  comparedByBytes,
  idColumn,
  intColumn,
  jsonColumn,
  nameColumn,
  nullable,
  referenceColumn,
  storedColumns,
  textColumn,
} from '../table-columns.js';

export class TokenRules1763800500000 implements MigrationInterface {
  readonly name = 'TokenRules1763800500000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) {
      const columns = table.columns?.map((column) => comparedByBytes(runner, column)) ?? [];
      await runner.createTable(new Table({ ...table, columns }), true);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES.toReversed()) await runner.dropTable(table.name);
  }
}

const TABLES: readonly TableOptions[] = [
  {
    name: 'token_rules',
    columns: [
      idColumn('token_rule_id'),
      nameColumn('rule_name', 100),
      textColumn('description', true),
      nameColumn('model_pattern', 200),
      nullable(nameColumn('encoding', 50)),
      nameColumn('family', 50),
      jsonColumn('overheads'),
      { name: 'factor', type: 'double' },
      jsonColumn('images'),
      nameColumn('method', 20),
      intColumn('priority', 0),
      intColumn('status', 1),
      nullable(intColumn('rule_version')),
      jsonColumn('draft', true),
      ...storedColumns(),
    ],
    indices: [{ name: 'uq_token_rule_name', columnNames: ['rule_name'], isUnique: true }],
  },
  {
    // Outlives its rule: a rule that is brought back has its versions again.
    name: 'token_rule_versions',
    columns: [
      idColumn('version_id'),
      referenceColumn('token_rule_id'),
      intColumn('rule_version'),
      jsonColumn('definition'),
      intColumn('revision'),
      nameColumn('actor_name', 100),
      ...storedColumns(),
    ],
    indices: [
      {
        name: 'uq_token_rule_version',
        columnNames: ['token_rule_id', 'rule_version'],
        isUnique: true,
      },
    ],
  },
];
