import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import { inject } from 'vitest';
import { describeBatch } from '../batch/batch.contract.js';
import { describeConfigDocuments } from './config-documents.contract.js';

async function newDatabase(): Promise<{ databaseUrl: string }> {
  const url = new URL(inject('mysqlUrl'));
  const name = `documents_${randomBytes(6).toString('hex')}`;
  const connection = await createConnection(url.href);
  await connection.query(`CREATE DATABASE ${name}`);
  await connection.end();
  url.pathname = `/${name}`;
  return { databaseUrl: url.href };
}

describeBatch('MariaDB', newDatabase);
describeConfigDocuments('MariaDB', newDatabase);
