import type { Namespace, NamespaceCreate, NamespaceUpdate, Page } from '@ai-gateway/contracts';
import { Injectable } from '@nestjs/common';
import { In, Not, type EntityManager } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import { checkVersion, type ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { Dependents, type Dependent } from '../../platform/resources/dependents.js';
import { findPage, type ListQuery } from '../../platform/resources/list-page.js';
import {
  deleteRow,
  duplicate,
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
import { requirePolicies } from '../policies/policies.read-model.js';
import { NamespaceEntity } from './namespace.entity.js';

@Injectable()
export class NamespacesService {
  constructor(
    private readonly database: Database,
    private readonly revisions: ConfigRevisions,
    private readonly dependents: Dependents,
  ) {
    dependents.register('policy', BOUND_NAMESPACES);
  }

  list(query: ListQuery): Promise<Page<Namespace>> {
    const options = { idColumn: 'namespace_id', view: viewOf<NamespaceEntity> } as const;
    return findPage(this.database.manager, NamespaceEntity, query, options);
  }

  async find(id: number): Promise<Namespace> {
    return viewOf(await namespaceRow(this.database.manager, id));
  }

  async create(body: NamespaceCreate): Promise<Written<Namespace>> {
    const written = await this.revisions.write((tx) => this.insert(tx, body));
    return written.createdAt(`/api/v1/namespaces/${written.value.namespace_id}`);
  }

  async insert(tx: ConfigTransaction, body: NamespaceCreate): Promise<Namespace> {
    await refuseTakenCode(tx.manager, body.namespace_code, 0);
    await requirePolicies(tx.manager, body.policy_ids);
    const row = await insertRow(tx, NamespaceEntity, body);
    await takeDefault(tx, row);
    tx.changed('namespace', row.namespace_id, row);
    return viewOf(row);
  }

  update(
    id: number,
    changes: NamespaceUpdate,
    expected: ExpectedVersion,
  ): Promise<Written<Namespace>> {
    return this.revisions.write(async (tx) => {
      const before = await namespaceRow(tx.manager, id);
      const row = await updateRow(tx, before, { changes, expected });
      await refuseTakenCode(tx.manager, row.namespace_code, id);
      await requirePolicies(tx.manager, changes.policy_ids ?? []);
      await takeDefault(tx, row);
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

/** Namespaces that inherit from a policy are taken from it. */
const BOUND_NAMESPACES: Dependent = {
  name: 'namespaces',
  count: async (manager, policyId) => (await boundTo(manager, policyId)).length,
  async removeAll(tx, policyId) {
    for (const row of await boundTo(tx.manager, policyId)) {
      const policy_ids = row.policy_ids.filter((id) => id !== policyId);
      const updated = await updateRow(tx, row, { changes: { policy_ids }, expected: '*' });
      tx.changed('namespace', updated.namespace_id, updated);
    }
  },
};

/** No way to ask for an element of a JSON list is the same on every database. */
async function boundTo(manager: EntityManager, policyId: number): Promise<NamespaceEntity[]> {
  const bindings = await manager.find(NamespaceEntity, {
    select: { namespace_id: true, policy_ids: true },
  });
  const bound = bindings.filter(({ policy_ids }) => policy_ids.includes(policyId));
  if (bound.length === 0) return [];
  const ids = bound.map(({ namespace_id }) => namespace_id);
  return manager.findBy(NamespaceEntity, { namespace_id: In(ids) });
}

const namespaceRow = (manager: EntityManager, id: number): Promise<NamespaceEntity> =>
  requireRow(manager, NamespaceEntity, { namespace_id: id });

async function refuseTakenCode(manager: EntityManager, code: string, ownId: number): Promise<void> {
  const where = { namespace_code: code, namespace_id: Not(ownId) };
  if (await manager.existsBy(NamespaceEntity, where)) throw duplicate('namespace_code');
}

/** At most one namespace is the default: who becomes it takes it over, in the same revision. */
async function takeDefault(tx: ConfigTransaction, row: NamespaceEntity): Promise<void> {
  if (!row.is_default) return;
  const others = { is_default: true, namespace_id: Not(row.namespace_id) };
  for (const other of await tx.manager.findBy(NamespaceEntity, others)) {
    const changes = { is_default: false };
    const updated = await updateRow(tx, other, { changes, expected: '*' });
    tx.changed('namespace', updated.namespace_id, updated);
  }
}
