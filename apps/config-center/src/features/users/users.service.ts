/**
 * Administration of users. The last active super admin can't be deleted, disabled or demoted; writers
 * queue up on the revision, so two cannot take each other's last one away at once.
 */
import { Inject, Injectable } from '@nestjs/common';
import type { Page, User, UserCreate, UserUpdate } from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import { Not, type EntityManager } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import type { ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { findPage, type ListQuery } from '../../platform/resources/list-page.js';
import {
  deleteRow,
  duplicate,
  insertRow,
  requireRow,
  updateRow,
} from '../../platform/resources/stored-row.js';
import { ConfigRevisions, Written } from '../../platform/revisions/config-revisions.js';
import { passwordWeakness, type PasswordHasher } from './password-hash.js';
import { UserEntity } from './user.entity.js';
import { PASSWORD_HASHER } from './users.tokens.js';

@Injectable()
export class UsersService {
  constructor(
    private readonly database: Database,
    private readonly revisions: ConfigRevisions,
    @Inject(PASSWORD_HASHER) private readonly hasher: PasswordHasher,
  ) {}

  list(query: ListQuery): Promise<Page<User>> {
    const options = { idColumn: 'user_id', view: userView } as const;
    return findPage(this.database.manager, UserEntity, query, options);
  }

  async get(userId: number): Promise<User> {
    return userView(await requireRow(this.database.manager, UserEntity, { user_id: userId }));
  }

  async create({ password, ...values }: UserCreate): Promise<Written<User>> {
    refuseWeakPassword(password, values.username);
    const password_hash = await this.hasher.hash(password);
    const { value, revision } = await this.revisions.write(async (tx) => {
      await refuseDuplicate(tx.manager, values.username, 0);
      const account = { password_hash, token_version: 1, one_time_until: null };
      const row = await insertRow(tx, UserEntity, { ...values, ...account });
      tx.audited({ action: 'create', objectType: 'user', objectId: row.user_id, after: row });
      return userView(row);
    });
    return new Written(value, revision, `/api/v1/users/${value.user_id}`);
  }

  async update(
    userId: number,
    { password, ...changes }: UserUpdate,
    expected: ExpectedVersion,
  ): Promise<Written<User>> {
    const password_hash = password === undefined ? null : await this.hasher.hash(password);
    return this.revisions.write(async (tx) => {
      const row = await requireRow(tx.manager, UserEntity, { user_id: userId });
      const username = changes.username ?? row.username;
      if (password !== undefined) refuseWeakPassword(password, username);
      await refuseDuplicate(tx.manager, username, userId);
      const { role = row.role, status = row.status } = changes;
      const stays = isActiveSuperAdmin({ role, status });
      if (!stays) await refuseLastSuperAdmin(tx.manager, row);
      const endsSessions = password_hash !== null || changes.status === 0;
      const access = {
        ...(password_hash === null ? {} : { password_hash, one_time_until: null }),
        ...(endsSessions ? { token_version: row.token_version + 1 } : {}),
      };
      const before = Object.assign({}, row);
      const after = await updateRow(tx, row, { changes: { ...changes, ...access }, expected });
      tx.audited({ action: 'update', objectType: 'user', objectId: userId, before, after });
      return userView(after);
    });
  }

  delete(userId: number, expected: ExpectedVersion): Promise<Written<undefined>> {
    return this.revisions.write(async (tx) => {
      const row = await requireRow(tx.manager, UserEntity, { user_id: userId });
      await refuseLastSuperAdmin(tx.manager, row);
      const before = Object.assign({}, row);
      await deleteRow(tx, row, expected);
      tx.audited({ action: 'delete', objectType: 'user', objectId: userId, before });
      return undefined;
    });
  }
}

async function refuseDuplicate(
  manager: EntityManager,
  username: string,
  exceptId: number,
): Promise<void> {
  const taken = await manager.existsBy(UserEntity, { username, user_id: Not(exceptId) });
  if (taken) throw duplicate('username');
}

async function refuseLastSuperAdmin(manager: EntityManager, row: UserEntity): Promise<void> {
  if (!isActiveSuperAdmin(row)) return;
  const other = { role: 'super_admin', status: 1, user_id: Not(row.user_id) } as const;
  if (await manager.existsBy(UserEntity, other)) return;
  throw new AdminError('IN_USE', {
    details: [{ path: 'role', message: 'the last active super admin must stay' }],
  });
}

const isActiveSuperAdmin = ({ role, status }: Pick<UserEntity, 'role' | 'status'>): boolean =>
  role === 'super_admin' && status === 1;

function refuseWeakPassword(password: string, username: string): void {
  const message = passwordWeakness(password, username);
  if (message === null) return;
  throw new AdminError('UNPROCESSABLE', { details: [{ path: 'password', message }] });
}

const userView = (row: UserEntity): User => ({
  user_id: row.user_id,
  username: row.username,
  role: row.role,
  status: row.status,
  version: row.version,
  create_time: row.create_time.toISOString(),
  update_time: row.update_time.toISOString(),
});
