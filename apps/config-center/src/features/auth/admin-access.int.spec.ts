import { randomBytes } from 'node:crypto';
import { createConnection, type Connection } from 'mysql2/promise';
import { afterAll, beforeAll, inject } from 'vitest';
import { newMasterKeyText } from '@ai-gateway/node-runtime';
import { describeAdminAccess } from './admin-access.contract.js';

const databases: string[] = [];
let connection: Connection;

beforeAll(async () => {
  connection = await createConnection(inject('mysqlUrl'));
});
afterAll(async () => {
  for (const name of databases) await connection.query(`DROP DATABASE \`${name}\``);
  await connection.end();
});

describeAdminAccess('MariaDB', async () => {
  const name = `admin_access_${randomBytes(6).toString('hex')}`;
  await connection.query(`CREATE DATABASE \`${name}\` CHARACTER SET utf8mb4`);
  databases.push(name);
  const url = new URL(inject('mysqlUrl'));
  url.pathname = `/${name}`;
  return { DATABASE_URL: url.href, MASTER_KEY: newMasterKeyText() };
});
