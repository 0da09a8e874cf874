/** Writes the change log past the API, as config-center would have written it. */
import type { Pool, ResultSetHeader, RowDataPacket } from 'mysql2/promise';

export interface ForcedChange {
  kind: string;
  id: number;
  /** Null: the resource is gone. */
  value: unknown;
}

/** One revision with these changes, whatever they say. Resolves to its number. */
export function forceRevision(sql: Pool, changes: readonly ForcedChange[]): Promise<number> {
  return inRevision(sql, async (connection, revision) => {
    for (const { kind, id, value } of changes) {
      await connection.query(
        'INSERT INTO config_changes (revision, kind, resource_id, value, create_time) VALUES (?, ?, ?, ?, NOW(3))',
        [revision, kind, id, value === null ? null : JSON.stringify(value)],
      );
    }
  });
}

/** One revision with that many copies of a rule, padded to that many bytes each. */
export function forceRules(
  sql: Pool,
  rule: Record<string, unknown>,
  { count, firstId, bytes }: { count: number; firstId: number; bytes: number },
): Promise<number> {
  return inRevision(sql, async (connection, revision) => {
    const padded = { ...rule, rule_name: '' };
    const name = 'x'.repeat(Math.max(0, bytes - JSON.stringify(padded).length));
    await connection.query(
      `INSERT INTO config_changes (revision, kind, resource_id, value, create_time)
       SELECT ?, 'rule', seq, JSON_SET(?, '$.rule_id', seq, '$.rule_name', ?), NOW(3)
       FROM seq_${firstId}_to_${firstId + count - 1}`,
      [revision, JSON.stringify(padded), name],
    );
  });
}

type Work = (connection: Pick<Pool, 'query'>, revision: number) => Promise<unknown>;

async function inRevision(sql: Pool, work: Work): Promise<number> {
  const connection = await sql.getConnection();
  try {
    await connection.beginTransaction();
    await connection.query<ResultSetHeader>('UPDATE config_state SET revision = revision + 1');
    const [rows] = await connection.query<RowDataPacket[]>('SELECT revision FROM config_state');
    const revision = Number(rows[0]?.['revision']);
    await work(connection, revision);
    await connection.commit();
    return revision;
  } finally {
    connection.release();
  }
}
