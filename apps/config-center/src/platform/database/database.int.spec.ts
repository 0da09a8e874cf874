import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newDatabase } from '../../new-database.contract.js';
import { AuditHeadEntity } from '../audit/audit-head.entity.js';
import { ConfigStateEntity } from '../revisions/config-state.entity.js';
import { openDatabase } from './data-source.js';
import type { Database } from './database.js';

describe('transactions on MariaDB', () => {
  let database: Database;
  beforeAll(async () => {
    const entities = [ConfigStateEntity, AuditHeadEntity];
    const databaseUrl = await newDatabase();
    database = await openDatabase({ databaseUrl, sqlitePath: '', entities });
  });
  afterAll(() => database.close());

  // Newer servers refuse the change instead of letting the transaction overlook it.
  it('go on from what others have committed since they began', async () => {
    const [hasRead, hasWritten] = [Promise.withResolvers(), Promise.withResolvers()];
    const appended = { head_id: 1 };
    const reader = database.transaction(async (manager) => {
      await manager.findOneByOrFail(ConfigStateEntity, { state_id: 1 });
      hasRead.resolve(true);
      await hasWritten.promise;
      return manager.findOneByOrFail(AuditHeadEntity, appended);
    });
    await hasRead.promise;
    await database.dataSource.manager.increment(AuditHeadEntity, appended, 'last_seq', 7);
    hasWritten.resolve(true);
    expect((await reader).last_seq).toBe(7);
  });
});
