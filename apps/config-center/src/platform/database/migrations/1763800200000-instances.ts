/** Gateways that report to the control plane. */
import { Table, type MigrationInterface, type QueryRunner, type TableOptions } from 'typeorm';
import { comparedByBytes, jsonColumn, nameColumn, timeColumn } from '../table-columns.js';

export class Instances1763800200000 implements MigrationInterface {
  readonly name = 'Instances1763800200000';

  async up(runner: QueryRunner): Promise<void> {
    const columns = TABLE.columns?.map((column) => comparedByBytes(runner, column)) ?? [];
    await runner.createTable(new Table({ ...TABLE, columns }), true);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(TABLE.name);
  }
}

const TABLE: TableOptions = {
  name: 'gateway_instances',
  columns: [
    { ...nameColumn('instance_id', 128), isPrimary: true },
    { ...nameColumn('process_id', 64), isPrimary: true },
    timeColumn('first_seen_at'),
    timeColumn('last_seen_at'),
    jsonColumn('report'),
  ],
  indices: [{ name: 'idx_instance_last_seen', columnNames: ['last_seen_at'] }],
};
