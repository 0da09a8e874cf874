import type { Namespace, NamespaceCreate, NamespaceUpdate, Page } from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import { Injectable } from '@nestjs/common';
import { Not, type EntityManager } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import { checkVersion, type ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { Dependents } from '../../platform/resources/dependents.js';
import { findPage, type ListQuery } from '../../platform/resources/list-page.js';
import {
  deleteRow,
  duplicate,
  insertRow,
  requireRow,
  updateRow,
  viewOf,
} from '../../platform/resources/stored-row.js';
import { ConfigRevisions, type Written } from '../../platform/revisions/config-revisions.js';
import { NamespaceEntity } from './namespace.entity.js';

@Injectable()
export class NamespacesService {
  constructor(
    private readonly database: Database,
    private readonly revisions: ConfigRevisions,
    private readonly dependents: Dependents,
  ) {}

  list(query: ListQuery): Promise<Page<Namespace>> {
    const options = { idColumn: 'namespace_id', view: viewOf<NamespaceEntity> } as const;
    return findPage(this.database.manager, NamespaceEntity, query, options);
  }

  async find(id: number): Promise<Namespace> {
    return viewOf(await namespaceRow(this.database.manager, id));
  }

  async create(body: NamespaceCreate): Promise<Written<Namespace>> {
    const written = await this.revisions.write(async (tx) => {
      await refuseConflicts(tx.manager, body, 0);
      const row = await insertRow(tx, NamespaceEntity, body);
      tx.changed('namespace', row.namespace_id, row);
      return viewOf(row);
    });
    return written.createdAt(`/api/v1/namespaces/${written.value.namespace_id}`);
  }

  update(
    id: number,
    changes: NamespaceUpdate,
    expected: ExpectedVersion,
  ): Promise<Written<Namespace>> {
    return this.revisions.write(async (tx) => {
      const before = await namespaceRow(tx.manager, id);
      const row = await updateRow(tx, before, { changes, expected });
      await refuseConflicts(tx.manager, row, id);
      tx.changed('namespace', id, row);
      return viewOf(row);
    });
  }

  remove(id: number, expected: ExpectedVersion, cascade: boolean): Promise<Written<void>> {
    return this.revisions.write(async (tx) => {
      const row = await namespaceRow(tx.manager, id);
      checkVersion(row.version, expected);
      await this.dependents.release(tx, 'namespace', { id, cascade });
      await deleteRow(tx, row, expected);
      tx.changed('namespace', id, null);
    });
  }
}

const namespaceRow = (manager: EntityManager, id: number): Promise<NamespaceEntity> =>
  requireRow(manager, NamespaceEntity, { namespace_id: id });

/** The code is unique, and at most one namespace takes what no matcher recognises. */
async function refuseConflicts(
  manager: EntityManager,
  { namespace_code, is_default }: Pick<NamespaceEntity, 'namespace_code' | 'is_default'>,
  ownId: number,
): Promise<void> {
  const others = { namespace_id: Not(ownId) };
  if (await manager.existsBy(NamespaceEntity, { ...others, namespace_code })) {
    throw duplicate('namespace_code');
  }
  if (is_default && (await manager.existsBy(NamespaceEntity, { ...others, is_default }))) {
    throw new AdminError('CONFLICT', {
      details: [{ path: 'is_default', message: 'another namespace is the default' }],
    });
  }
}
