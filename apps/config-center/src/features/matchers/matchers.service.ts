import type { Matcher, MatcherCreate, MatcherUpdate, Page } from '@ai-gateway/contracts';
import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import type { ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { Dependents, ownedRows } from '../../platform/resources/dependents.js';
import { findPage, type ListQuery } from '../../platform/resources/list-page.js';
import {
  deleteRow,
  insertRow,
  requireRow,
  updateRow,
  viewOf,
} from '../../platform/resources/stored-row.js';
import {
  ConfigRevisions,
  type ConfigTransaction,
  type Written,
} from '../../platform/revisions/config-revisions.js';
import { requireNamespace } from '../namespaces/namespaces.read-model.js';
import { checkMatcher } from './matcher-checks.js';
import { MatcherEntity } from './matcher.entity.js';

@Injectable()
export class MatchersService {
  constructor(
    private readonly database: Database,
    private readonly revisions: ConfigRevisions,
    dependents: Dependents,
  ) {
    const rows = { kind: 'matcher', idColumn: 'matcher_id', ownerColumn: 'namespace_id' } as const;
    dependents.register('namespace', ownedRows('matchers', MatcherEntity, rows));
  }

  async list(namespaceId: number, query: ListQuery): Promise<Page<Matcher>> {
    const { manager } = this.database;
    await requireNamespace(manager, namespaceId);
    return findPage(manager, MatcherEntity, query, {
      idColumn: 'matcher_id',
      where: { namespace_id: namespaceId },
      view: viewOf,
    });
  }

  async find(id: number): Promise<Matcher> {
    return viewOf(await requireRow(this.database.manager, MatcherEntity, { matcher_id: id }));
  }

  async create(namespaceId: number, body: MatcherCreate): Promise<Written<Matcher>> {
    const written = await this.revisions.write((tx) => this.insert(tx, namespaceId, body));
    return written.createdAt(`/api/v1/matchers/${written.value.matcher_id}`);
  }

  async insert(tx: ConfigTransaction, namespaceId: number, body: MatcherCreate): Promise<Matcher> {
    await requireNamespace(tx.manager, namespaceId);
    const row = await insertRow(tx, MatcherEntity, { ...body, namespace_id: namespaceId });
    checkMatcher(row);
    tx.changed('matcher', row.matcher_id, row);
    return viewOf(row);
  }

  update(id: number, changes: MatcherUpdate, expected: ExpectedVersion): Promise<Written<Matcher>> {
    return this.revisions.write(async (tx) => {
      const before = await requireRow(tx.manager, MatcherEntity, { matcher_id: id });
      const row = await updateRow(tx, before, { changes, expected });
      checkMatcher(row);
      tx.changed('matcher', id, row);
      return viewOf(row);
    });
  }

  remove(id: number, expected: ExpectedVersion): Promise<Written<void>> {
    return this.revisions.write(async (tx) => {
      const row = await requireRow(tx.manager, MatcherEntity, { matcher_id: id });
      await deleteRow(tx, row, expected);
      tx.changed('matcher', id, null);
    });
  }
}
