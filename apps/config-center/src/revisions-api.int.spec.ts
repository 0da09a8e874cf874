import 'reflect-metadata';
import { newDatabase } from './new-database.contract.js';
import { describeRevisionsApi } from './revisions-api.contract.js';

describeRevisionsApi('MariaDB', async () => ({ databaseUrl: await newDatabase() }));
