import 'reflect-metadata';
import { newDatabase } from '../../new-database.contract.js';
import { describeBatch } from '../batch/batch.contract.js';
import { describeConfigDocuments } from './config-documents.contract.js';

const onMariaDb = async () => ({ databaseUrl: await newDatabase() });

describeBatch('MariaDB', onMariaDb);
describeConfigDocuments('MariaDB', onMariaDb);
