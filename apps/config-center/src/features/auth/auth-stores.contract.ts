/** What every store of sessions and login attempts promises. */
import { describe, expect, it } from 'vitest';
import { FAILED_LOGIN_WINDOW_MS, MAX_FAILED_LOGINS, type AttemptStore } from './login-throttle.js';
import { newSessionId } from './refresh-token.js';
import type { SessionRecord, SessionsRepository } from './sessions.repository.js';

const NOW = Date.parse('2026-11-21T03:00:00.000Z');

export interface AuthStores {
  attempts: AttemptStore;
  sessions: SessionsRepository;
  /** Sessions may belong to this user. */
  userId: number;
}

export function describeAuthStores(name: string, stores: () => AuthStores): void {
  describe(`login attempts ${name}`, () => {
    it('count within a window and begin anew after it', async () => {
      const { attempts } = stores();
      const key = newSessionId();
      expect(await attempts.add(key, NOW)).toEqual({
        count: 1,
        endsAtMs: NOW + FAILED_LOGIN_WINDOW_MS,
      });
      expect(await attempts.add(key, NOW + FAILED_LOGIN_WINDOW_MS - 1)).toMatchObject({ count: 2 });
      const later = NOW + FAILED_LOGIN_WINDOW_MS;
      const fresh = { count: 1, endsAtMs: later + FAILED_LOGIN_WINDOW_MS };
      expect(await attempts.add(key, later)).toEqual(fresh);
    });

    it('lose none of many at once, up to the limit', async () => {
      const { attempts } = stores();
      const key = newSessionId();
      const tries = Array.from({ length: 20 }, () => attempts.add(key, NOW));
      const admitted = (await Promise.all(tries)).filter(({ count }) => count <= MAX_FAILED_LOGINS);
      expect(admitted.map(({ count }) => count).sort()).toEqual([1, 2, 3, 4, 5]);
    });

    it('are taken back one by one, never below none, and cleared', async () => {
      const { attempts } = stores();
      const key = newSessionId();
      await attempts.takeBack(key);
      await attempts.add(key, NOW);
      await attempts.takeBack(key);
      await attempts.takeBack(key);
      expect(await attempts.add(key, NOW)).toMatchObject({ count: 1 });
      await attempts.clear(key);
      expect(await attempts.add(key, NOW)).toMatchObject({ count: 1 });
    });
  });

  describe(`sessions ${name}`, () => {
    const newSession = (change: Partial<SessionRecord> = {}): SessionRecord => ({
      sessionId: newSessionId(),
      userId: stores().userId,
      tokenVersion: 3,
      refreshDigest: 'a'.repeat(64),
      address: newSessionId(),
      createdAtMs: NOW,
      expiresAtMs: NOW + 1000,
      ...change,
    });

    it('are found as they were put in', async () => {
      const { sessions } = stores();
      const session = newSession();
      await sessions.insert(session);
      expect(await sessions.find(session.sessionId)).toEqual(session);
      expect(await sessions.find(newSessionId())).toBeNull();
    });

    it('rotate once from one digest', async () => {
      const { sessions } = stores();
      const session = newSession();
      const { sessionId, refreshDigest: fromDigest } = session;
      await sessions.insert(session);
      const rotate = (digit: string) =>
        sessions.rotate({
          sessionId,
          fromDigest,
          toDigest: digit.repeat(64),
          expiresAtMs: NOW + 9,
        });
      const outcomes = await Promise.all([rotate('b'), rotate('c')]);
      expect(outcomes.sort()).toEqual([false, true]);
      expect(await sessions.find(sessionId)).toMatchObject({ expiresAtMs: NOW + 9 });
    });

    it('tell where a user is signed in while they live', async () => {
      const { sessions, userId } = stores();
      const { address, ...rest } = newSession();
      await sessions.insert({ ...rest, address });
      expect(await sessions.knowsAddress(userId, address, NOW + 999)).toBe(true);
      expect(await sessions.knowsAddress(userId, address, NOW + 1000)).toBe(false);
      expect(await sessions.knowsAddress(userId, 'elsewhere', NOW)).toBe(false);
      expect(await sessions.knowsAddress(0, address, NOW)).toBe(false);
    });

    it('end one by one, when their time has come, or all of a user', async () => {
      const { sessions, userId } = stores();
      const [one, expired, last] = [newSession(), newSession({ expiresAtMs: NOW }), newSession()];
      for (const session of [one, expired, last]) await sessions.insert(session);
      const lives = async ({ sessionId }: SessionRecord) =>
        (await sessions.find(sessionId)) !== null;
      await sessions.delete(one.sessionId);
      await sessions.deleteExpired(NOW);
      expect([await lives(one), await lives(expired), await lives(last)]).toEqual([
        false,
        false,
        true,
      ]);
      await sessions.deleteOfUser(userId);
      expect(await lives(last)).toBe(false);
    });
  });
}
