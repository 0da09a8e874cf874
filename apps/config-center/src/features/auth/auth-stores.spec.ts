import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { ENTITIES } from '../../app.entities.js';
import { openDatabase } from '../../platform/database/data-source.js';
import type { Database } from '../../platform/database/database.js';
import { TypeormUserAccounts } from '../users/user-accounts.typeorm-repository.js';
import { MemoryAttemptStore } from './attempts.memory-store.js';
import { TypeormAttemptStore } from './attempts.typeorm-store.js';
import { describeAuthStores } from './auth-stores.contract.js';
import { MemorySessionsRepository } from './sessions.memory-repository.js';
import { TypeormSessionsRepository } from './sessions.typeorm-repository.js';

const dir = mkdtempSync(join(tmpdir(), 'config-center-'));
let database: Database;

beforeAll(async () => {
  const sqlitePath = join(dir, 'test.sqlite');
  database = await openDatabase({ databaseUrl: null, sqlitePath, entities: ENTITIES });
  const nobody = { passwordHash: 'none', oneTimeUntilMs: null };
  await new TypeormUserAccounts(database).insertFirst('admin', nobody);
});
afterAll(async () => {
  await database.close();
  rmSync(dir, { recursive: true, force: true });
});

describeAuthStores('in the database', () => ({
  attempts: new TypeormAttemptStore(database),
  sessions: new TypeormSessionsRepository(database),
  userId: 1,
}));

const memory = {
  attempts: new MemoryAttemptStore(),
  sessions: new MemorySessionsRepository(),
  userId: 1,
};
describeAuthStores('in memory', () => memory);
