/** A logical backup of one database into another, and its way back, as a dump would do it. */
import { randomBytes } from 'node:crypto';
import type { Pool, PoolConnection, RowDataPacket } from 'mysql2/promise';

export class DatabaseBackup {
  private constructor(
    private readonly sql: Pool,
    private readonly name: string,
    private readonly tables: readonly string[],
  ) {}

  static async take(sql: Pool): Promise<DatabaseBackup> {
    const name = `backup_${randomBytes(6).toString('hex')}`;
    const [rows] = await sql.query<RowDataPacket[]>('SHOW TABLES');
    const tables = rows.flatMap((row) => Object.values(row).map(String));
    await sql.query(`CREATE DATABASE ${name}`);
    for (const table of tables) {
      await sql.query(`CREATE TABLE ${name}.${table} LIKE ${table}`);
      await sql.query(`INSERT INTO ${name}.${table} SELECT * FROM ${table}`);
    }
    return new DatabaseBackup(sql, name, tables);
  }

  /** In one transaction: nobody sees half of it. */
  async restore(): Promise<void> {
    const connection = await this.sql.getConnection();
    try {
      await connection.query('SET foreign_key_checks = 0');
      await connection.beginTransaction();
      for (const table of this.tables) await this.refill(connection, table);
      await connection.commit();
    } finally {
      connection.destroy();
    }
  }

  private async refill(connection: PoolConnection, table: string): Promise<void> {
    await connection.query(`DELETE FROM ${table}`);
    await connection.query(`INSERT INTO ${table} SELECT * FROM ${this.name}.${table}`);
  }
}
