/** Who changed what: one row per revision, and the audit trail with the head of its chain. */
import { Table, type MigrationInterface, type QueryRunner, type TableOptions } from 'typeorm';
import {
  comparedByBytes,
  intColumn,
  jsonColumn,
  nameColumn,
  nullable,
  textColumn,
  timeColumn,
} from '../table-columns.js';

export class AuditAndRevisions1763800000000 implements MigrationInterface {
  readonly name = 'AuditAndRevisions1763800000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) {
      const columns = table.columns?.map((column) => comparedByBytes(runner, column)) ?? [];
      await runner.createTable(new Table({ ...table, columns }), true);
    }
    const heads = (await runner.query('SELECT head_id FROM audit_head')) as unknown[];
    if (heads.length > 0) return;
    await runner.query("INSERT INTO audit_head (head_id, last_seq, last_hash) VALUES (1, 0, '')");
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.dropTable(table.name);
  }
}

const TABLES: TableOptions[] = [
  {
    name: 'config_revisions',
    columns: [
      { name: 'revision', type: 'int', isPrimary: true },
      timeColumn('create_time'),
      nameColumn('cause', 20),
      nullable(intColumn('actor_id')),
      nameColumn('actor_name', 64),
      nullable(nameColumn('request_id', 128)),
      textColumn('comment', true),
      jsonColumn('details', true),
    ],
    indices: [
      { name: 'idx_revision_time', columnNames: ['create_time'] },
      { name: 'idx_revision_actor', columnNames: ['actor_name'] },
    ],
  },
  {
    name: 'audit_log',
    columns: [
      { name: 'seq', type: 'int', isPrimary: true },
      timeColumn('time'),
      nullable(intColumn('actor_id')),
      nameColumn('actor_name', 64),
      nullable(nameColumn('actor_address', 64)),
      nullable(nameColumn('request_id', 128)),
      nameColumn('action', 40),
      nameColumn('object_type', 50),
      nullable(intColumn('object_id')),
      nameColumn('outcome', 40),
      nullable(intColumn('revision')),
      jsonColumn('before_value', true),
      jsonColumn('after_value', true),
      nameColumn('previous_hash', 64),
      nameColumn('hash', 64),
    ],
    indices: [
      { name: 'idx_audit_time', columnNames: ['time'] },
      { name: 'idx_audit_actor', columnNames: ['actor_name'] },
      { name: 'idx_audit_object', columnNames: ['object_type', 'object_id'] },
      { name: 'idx_audit_request', columnNames: ['request_id'] },
      { name: 'idx_audit_revision', columnNames: ['revision'] },
    ],
  },
  {
    name: 'audit_head',
    columns: [
      { name: 'head_id', type: 'int', isPrimary: true },
      intColumn('last_seq', 0),
      nameColumn('last_hash', 64),
    ],
  },
];
