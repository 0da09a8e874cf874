/** An empty database on the MariaDB of the tests. */
import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import { inject } from 'vitest';

export async function newDatabase(): Promise<string> {
  const url = new URL(inject('mysqlUrl'));
  const name = `cc_${randomBytes(6).toString('hex')}`;
  const connection = await createConnection(url.href);
  // The default of older servers; what the tables need, they say themselves.
  await connection.query(`CREATE DATABASE ${name} CHARACTER SET latin1`);
  await connection.end();
  url.pathname = `/${name}`;
  return url.href;
}
