import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { createConnection, type Connection } from 'mysql2/promise';
import { afterAll, beforeAll, inject } from 'vitest';
import { ENTITIES } from '../../app.entities.js';
import { openDatabase } from '../../platform/database/data-source.js';
import type { Database } from '../../platform/database/database.js';
import { TypeormUserAccounts } from '../users/user-accounts.typeorm-repository.js';
import { TypeormAttemptStore } from './attempts.typeorm-store.js';
import { describeAuthStores } from './auth-stores.contract.js';
import { TypeormSessionsRepository } from './sessions.typeorm-repository.js';

const name = `auth_stores_${randomBytes(6).toString('hex')}`;
let connection: Connection;
let database: Database;

beforeAll(async () => {
  connection = await createConnection(inject('mysqlUrl'));
  await connection.query(`CREATE DATABASE \`${name}\` CHARACTER SET utf8mb4`);
  const url = new URL(inject('mysqlUrl'));
  url.pathname = `/${name}`;
  database = await openDatabase({ databaseUrl: url.href, sqlitePath: '', entities: ENTITIES });
  const nobody = { passwordHash: 'none', oneTimeUntilMs: null };
  await new TypeormUserAccounts(database).insertFirst('admin', nobody);
});
afterAll(async () => {
  await database.close();
  await connection.query(`DROP DATABASE \`${name}\``);
  await connection.end();
});

describeAuthStores('in MariaDB', () => ({
  attempts: new TypeormAttemptStore(database),
  sessions: new TypeormSessionsRepository(database),
  userId: 1,
}));
