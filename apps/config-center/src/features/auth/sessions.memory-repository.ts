/** Sessions in memory, for tests. */
import type { RefreshRotation, SessionRecord, SessionsRepository } from './sessions.repository.js';

export class MemorySessionsRepository implements SessionsRepository {
  private readonly sessions = new Map<string, SessionRecord>();

  async insert(session: SessionRecord): Promise<void> {
    this.sessions.set(session.sessionId, { ...session });
  }

  async find(sessionId: string): Promise<SessionRecord | null> {
    const session = this.sessions.get(sessionId);
    return session ? { ...session } : null;
  }

  async rotate({
    sessionId,
    fromDigest,
    toDigest,
    expiresAtMs,
  }: RefreshRotation): Promise<boolean> {
    const session = this.sessions.get(sessionId);
    if (session?.refreshDigest !== fromDigest) return false;
    this.sessions.set(sessionId, { ...session, refreshDigest: toDigest, expiresAtMs });
    return true;
  }

  async knowsAddress(userId: number, address: string, nowMs: number): Promise<boolean> {
    return [...this.sessions.values()].some(
      (session) =>
        session.userId === userId && session.address === address && session.expiresAtMs > nowMs,
    );
  }

  async delete(sessionId: string): Promise<void> {
    this.sessions.delete(sessionId);
  }

  async deleteOfUser(userId: number): Promise<void> {
    this.deleteWhere((session) => session.userId === userId);
  }

  async deleteExpired(nowMs: number): Promise<void> {
    this.deleteWhere((session) => session.expiresAtMs <= nowMs);
  }

  private deleteWhere(isGone: (session: SessionRecord) => boolean): void {
    for (const [id, session] of this.sessions) if (isGone(session)) this.sessions.delete(id);
  }
}
