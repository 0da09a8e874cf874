/** Changes that some instance groups run first, and changes that are prepared but not published. */
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

export class RolloutsAndDrafts1763800300000 implements MigrationInterface {
  readonly name = 'RolloutsAndDrafts1763800300000';

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

const TABLES: TableOptions[] = [
  {
    name: 'rollouts',
    columns: [
      idColumn('rollout_id'),
      intColumn('revision'),
      jsonColumn('instance_groups'),
      nameColumn('state', 20),
      nullable(intColumn('ended_revision')),
      ...storedColumns(),
    ],
  },
  {
    name: 'held_values',
    columns: [
      idColumn('held_value_id'),
      referenceColumn('rollout_id'),
      jsonColumn('groups'),
      nameColumn('kind', 50),
      referenceColumn('resource_id'),
      jsonColumn('value', true),
      ...storedColumns(),
    ],
    indices: [
      { name: 'uq_held_resource', columnNames: ['kind', 'resource_id'], isUnique: true },
      { name: 'idx_held_rollout', columnNames: ['rollout_id'] },
    ],
    foreignKeys: [
      {
        name: 'fk_held_rollout',
        columnNames: ['rollout_id'],
        referencedTableName: 'rollouts',
        referencedColumnNames: ['rollout_id'],
      },
    ],
  },
  {
    name: 'config_drafts',
    columns: [
      idColumn('draft_id'),
      nameColumn('draft_name', 100),
      textColumn('description', true),
      jsonColumn('operations'),
      nameColumn('state', 20),
      nullable(intColumn('published_revision')),
      ...storedColumns(),
    ],
  },
];
