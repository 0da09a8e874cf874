import 'reflect-metadata';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ENTITIES } from '../../app.entities.js';
import { openDatabase } from '../../platform/database/data-source.js';
import { describeJobs } from '../../platform/jobs/job-runner.contract.js';
import { describePruning } from '../../platform/revisions/change-log-pruner.contract.js';
import { describeBackups } from './backups.contract.js';

const dir = mkdtempSync(join(tmpdir(), 'jobs-'));
let serial = 0;

describeBackups('SQLite', () => Promise.resolve({}));
describePruning('SQLite', () => Promise.resolve({}));
describeJobs('SQLite', () =>
  openDatabase({
    databaseUrl: null,
    sqlitePath: join(dir, `${(serial += 1)}.sqlite`),
    entities: ENTITIES,
  }),
);
