/**
 * Login attempts in the database, so that several config-centers count together and a restart
 * forgets nothing. A window that is full is only read, so a flood of tries is no flood of writes.
 */
import { createHash } from 'node:crypto';
import { LessThanOrEqual, type EntityManager } from 'typeorm';
import type { Database } from '../../platform/database/database.js';
import { LoginAttemptEntity } from './login-attempt.entity.js';
import {
  FAILED_LOGIN_WINDOW_MS,
  MAX_FAILED_LOGINS,
  type AttemptStore,
  type AttemptWindow,
} from './login-throttle.js';

/** Windows that ended this long ago are swept; nothing counts on them any more, so no lock is shared. */
const SWEEP_AFTER_MS = 24 * 3_600_000;

export class TypeormAttemptStore implements AttemptStore {
  constructor(private readonly database: Database) {}

  async add(key: string, nowMs: number): Promise<AttemptWindow> {
    const attempt_key = digestOf(key);
    const row = await this.database.manager.findOneBy(LoginAttemptEntity, { attempt_key });
    if (row === null) await this.open(attempt_key, nowMs);
    else if (row.attempts > MAX_FAILED_LOGINS && row.ends_at.getTime() > nowMs) {
      return windowOf(row);
    }
    return this.database.transaction((manager) => countTry(manager, attempt_key, nowMs));
  }

  async takeBack(key: string): Promise<void> {
    await this.database.transaction((manager) =>
      manager
        .createQueryBuilder()
        .update(LoginAttemptEntity)
        .set({ attempts: () => 'attempts - 1' })
        .where('attempt_key = :key AND attempts > 0', { key: digestOf(key) })
        .execute(),
    );
  }

  async clear(key: string): Promise<void> {
    await this.database.transaction((manager) =>
      manager.delete(LoginAttemptEntity, { attempt_key: digestOf(key) }),
    );
  }

  /** In a transaction of its own: an insert after a look at the missing row could deadlock. */
  private async open(attempt_key: string, nowMs: number): Promise<void> {
    const swept = { ends_at: LessThanOrEqual(new Date(nowMs - SWEEP_AFTER_MS)) };
    await this.database.transaction((manager) => manager.delete(LoginAttemptEntity, swept));
    await this.database.transaction((manager) =>
      manager
        .createQueryBuilder()
        .insert()
        .into(LoginAttemptEntity)
        .values({ attempt_key, attempts: 0, ends_at: endOf(nowMs) })
        .orIgnore()
        .execute(),
    );
  }
}

/** The update locks the row, so parallel tries count one after the other. */
async function countTry(
  manager: EntityManager,
  attempt_key: string,
  nowMs: number,
): Promise<AttemptWindow> {
  const now = new Date(nowMs);
  await manager
    .createQueryBuilder()
    .update(LoginAttemptEntity)
    // MySQL assigns from left to right, so `attempts` must come before `ends_at` changes.
    .set({
      attempts: () => 'CASE WHEN ends_at <= :now THEN 1 ELSE attempts + 1 END',
      ends_at: () => 'CASE WHEN ends_at <= :now THEN :nextEnd ELSE ends_at END',
    })
    .where('attempt_key = :attempt_key')
    .setParameters({ attempt_key, now, nextEnd: endOf(nowMs) })
    .execute();
  return windowOf(await manager.findOneByOrFail(LoginAttemptEntity, { attempt_key }));
}

const endOf = (nowMs: number): Date => new Date(nowMs + FAILED_LOGIN_WINDOW_MS);

const windowOf = ({ attempts, ends_at }: LoginAttemptEntity): AttemptWindow => ({
  count: attempts,
  endsAtMs: ends_at.getTime(),
});

const digestOf = (key: string): string => createHash('sha256').update(key).digest('hex');
