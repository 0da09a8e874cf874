/** Accounts in the database. */
import type { FindOptionsWhere } from 'typeorm';
import { IsNull, Not } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import { AdminError } from '@ai-gateway/nest-runtime';
import type { Database } from '../../platform/database/database.js';
import type { OneTimePassword, UserAccount, UserAccounts } from './user-accounts.port.js';
import { UserEntity } from './user.entity.js';

const FIRST_USER_ID = 1;

export class TypeormUserAccounts implements UserAccounts {
  constructor(
    private readonly database: Database,
    private readonly clock: () => Date = () => new Date(),
  ) {}

  findByName(username: string): Promise<UserAccount | null> {
    return this.findOne({ username });
  }

  findById(userId: number): Promise<UserAccount | null> {
    return this.findOne({ user_id: userId });
  }

  changePassword(
    { userId, tokenVersion }: Pick<UserAccount, 'userId' | 'tokenVersion'>,
    passwordHash: string,
  ): Promise<boolean> {
    return this.update(
      { user_id: userId, token_version: tokenVersion },
      { password_hash: passwordHash, token_version: tokenVersion + 1, one_time_until: null },
    );
  }

  async confirmOneTimePassword(userId: number): Promise<void> {
    await this.update({ user_id: userId }, { one_time_until: null });
  }

  async isEmpty(): Promise<boolean> {
    return !(await this.database.manager.exists(UserEntity));
  }

  async insertFirst(username: string, password: OneTimePassword): Promise<boolean> {
    const now = this.clock();
    const row = {
      user_id: FIRST_USER_ID,
      username,
      role: 'super_admin' as const,
      status: 1 as const,
      token_version: 1,
      ...columnsOf(password),
      version: 1,
      create_time: now,
      update_time: now,
    };
    try {
      await this.database.transaction((manager) => manager.insert(UserEntity, row));
      return true;
    } catch (error) {
      if (error instanceof AdminError && error.code === 'CONFLICT') return false;
      throw error;
    }
  }

  findUnusedOneTime(): Promise<UserAccount | null> {
    return this.findOne({ one_time_until: Not(IsNull()) });
  }

  replaceOneTime(
    { userId, passwordHash }: UserAccount,
    password: OneTimePassword,
  ): Promise<boolean> {
    const where = { user_id: userId, password_hash: passwordHash, one_time_until: Not(IsNull()) };
    return this.update(where, columnsOf(password));
  }

  private async findOne(where: FindOptionsWhere<UserEntity>): Promise<UserAccount | null> {
    const row = await this.database.manager.findOneBy(UserEntity, where);
    return row && accountOf(row);
  }

  private async update(
    where: FindOptionsWhere<UserEntity>,
    change: QueryDeepPartialEntity<UserEntity>,
  ): Promise<boolean> {
    const stamped = { ...change, update_time: this.clock(), version: () => 'version + 1' };
    const result = await this.database.transaction((manager) =>
      manager.update(UserEntity, where, stamped),
    );
    return result.affected === 1;
  }
}

const columnsOf = ({ passwordHash, oneTimeUntilMs }: OneTimePassword) => ({
  password_hash: passwordHash,
  one_time_until: oneTimeUntilMs === null ? null : new Date(oneTimeUntilMs),
});

const accountOf = (row: UserEntity): UserAccount => ({
  userId: row.user_id,
  username: row.username,
  role: row.role,
  active: row.status === 1,
  passwordHash: row.password_hash,
  tokenVersion: row.token_version,
  oneTimeUntilMs: row.one_time_until?.getTime() ?? null,
});
