import 'reflect-metadata';
import { ENTITIES } from '../../app.entities.js';
import { newDatabase } from '../../new-database.contract.js';
import { openDatabase } from '../../platform/database/data-source.js';
import { describeJobs } from '../../platform/jobs/job-runner.contract.js';
import { describePruning } from '../../platform/revisions/change-log-pruner.contract.js';
import { describeBackups } from './backups.contract.js';

const onMariaDb = async () => ({ databaseUrl: await newDatabase() });

describeBackups('MariaDB', onMariaDb);
describePruning('MariaDB', onMariaDb);
describeJobs('MariaDB', async () =>
  openDatabase({ databaseUrl: await newDatabase(), sqlitePath: '', entities: ENTITIES }),
);
