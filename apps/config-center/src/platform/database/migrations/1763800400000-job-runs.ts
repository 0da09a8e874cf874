/** What periodic jobs are claimed by, so that of several processes one runs them. */
import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';
import {
  comparedByBytes,
  intColumn,
  nameColumn,
  textColumn,
  timeColumn,
} from '../table-columns.js';

export class JobRuns1763800400000 implements MigrationInterface {
  readonly name = 'JobRuns1763800400000';

  async up(runner: QueryRunner): Promise<void> {
    const columns = [
      { ...nameColumn('name', 64), isPrimary: true },
      intColumn('run_no', 0),
      timeColumn('started_at'),
      timeColumn('finished_at', true),
      nameColumn('owner', 64),
      textColumn('error', true),
    ].map((column) => comparedByBytes(runner, column));
    await runner.createTable(new Table({ name: 'job_runs', columns }), true);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('job_runs');
  }
}
