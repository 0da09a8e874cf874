/** Sessions in the database. */
import { LessThanOrEqual, MoreThan } from 'typeorm';
import type { Database } from '../../platform/database/database.js';
import { SessionEntity } from './session.entity.js';
import type { RefreshRotation, SessionRecord, SessionsRepository } from './sessions.repository.js';

export class TypeormSessionsRepository implements SessionsRepository {
  constructor(private readonly database: Database) {}

  async insert(session: SessionRecord): Promise<void> {
    const row = {
      session_id: session.sessionId,
      user_id: session.userId,
      token_version: session.tokenVersion,
      refresh_digest: session.refreshDigest,
      address: session.address,
      create_time: new Date(session.createdAtMs),
      expires_at: new Date(session.expiresAtMs),
    };
    await this.database.transaction((manager) => manager.insert(SessionEntity, row));
  }

  async find(sessionId: string): Promise<SessionRecord | null> {
    const row = await this.database.manager.findOneBy(SessionEntity, { session_id: sessionId });
    return row && recordOf(row);
  }

  async rotate({
    sessionId,
    fromDigest,
    toDigest,
    expiresAtMs,
  }: RefreshRotation): Promise<boolean> {
    const result = await this.database.transaction((manager) =>
      manager.update(
        SessionEntity,
        { session_id: sessionId, refresh_digest: fromDigest },
        { refresh_digest: toDigest, expires_at: new Date(expiresAtMs) },
      ),
    );
    return result.affected === 1;
  }

  knowsAddress(userId: number, address: string, nowMs: number): Promise<boolean> {
    const expires_at = MoreThan(new Date(nowMs));
    return this.database.manager.existsBy(SessionEntity, { user_id: userId, address, expires_at });
  }

  async delete(sessionId: string): Promise<void> {
    await this.database.transaction((manager) =>
      manager.delete(SessionEntity, { session_id: sessionId }),
    );
  }

  async deleteOfUser(userId: number): Promise<void> {
    await this.database.transaction((manager) =>
      manager.delete(SessionEntity, { user_id: userId }),
    );
  }

  async deleteExpired(nowMs: number): Promise<void> {
    const expires_at = LessThanOrEqual(new Date(nowMs));
    await this.database.transaction((manager) => manager.delete(SessionEntity, { expires_at }));
  }
}

const recordOf = (row: SessionEntity): SessionRecord => ({
  sessionId: row.session_id,
  userId: row.user_id,
  tokenVersion: row.token_version,
  refreshDigest: row.refresh_digest,
  address: row.address,
  createdAtMs: row.create_time.getTime(),
  expiresAtMs: row.expires_at.getTime(),
});
