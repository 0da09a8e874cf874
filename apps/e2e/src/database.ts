/** A database of its own for each test file. */
import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';

/** @returns the URL of the new, empty database */
export async function createDatabase(serverUrl: string): Promise<string> {
  const url = new URL(serverUrl);
  const name = `e2e_${randomBytes(6).toString('hex')}`;
  const connection = await createConnection({
    host: url.hostname,
    port: Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  });
  try {
    await connection.query(
      `CREATE DATABASE \`${name}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`,
    );
  } finally {
    await connection.end();
  }
  url.pathname = `/${name}`;
  return url.href;
}
