import {
  policyTypeOf,
  type Page,
  type Policy,
  type PolicyCreate,
  type PolicyUpdate,
} from '@ai-gateway/contracts';
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
import {
  ConfigRevisions,
  type ConfigTransaction,
  type Written,
} from '../../platform/revisions/config-revisions.js';
import { PolicyEntity } from './policy.entity.js';
import { NO_RULES, numberedRules, requireCompilableRules } from './policy-rules.js';

@Injectable()
export class PoliciesService {
  constructor(
    private readonly database: Database,
    private readonly revisions: ConfigRevisions,
    private readonly dependents: Dependents,
  ) {}

  list(query: ListQuery): Promise<Page<Policy>> {
    const options = { idColumn: 'policy_id', view: policyOf } as const;
    return findPage(this.database.manager, PolicyEntity, query, options);
  }

  async find(id: number): Promise<Policy> {
    return policyOf(await policyRow(this.database.manager, id));
  }

  async create(body: PolicyCreate): Promise<Written<Policy>> {
    const written = await this.revisions.write((tx) => this.insert(tx, body));
    return written.createdAt(`/api/v1/policies/${written.value.policy_id}`);
  }

  async insert(tx: ConfigTransaction, body: PolicyCreate): Promise<Policy> {
    await refuseTakenName(tx.manager, body.policy_name, 0);
    requireCompilableRules(body.rules);
    const policy_type = policyTypeOf(body.rules);
    const values = { ...body, policy_type, ...numberedRules(body.rules, NO_RULES) };
    const row = await insertRow(tx, PolicyEntity, values);
    tx.changed('policy', row.policy_id, row);
    return policyOf(row);
  }

  /** All namespaces that inherit from it follow, in this one revision. */
  update(id: number, body: PolicyUpdate, expected: ExpectedVersion): Promise<Written<Policy>> {
    return this.revisions.write(async (tx) => {
      const before = await policyRow(tx.manager, id);
      const changes = { ...body, ...changedRules(before, body) };
      const row = await updateRow(tx, before, { changes, expected });
      await refuseTakenName(tx.manager, row.policy_name, id);
      tx.changed('policy', id, row);
      return policyOf(row);
    });
  }

  remove(id: number, expected: ExpectedVersion, cascade: boolean): Promise<Written<void>> {
    return this.revisions.write(async (tx) => {
      const row = await policyRow(tx.manager, id);
      checkVersion(row.version, expected);
      await this.dependents.release(tx, 'policy', { id, cascade });
      await deleteRow(tx, row, expected);
      tx.changed('policy', id, null);
    });
  }
}

function changedRules(before: PolicyEntity, { rules }: PolicyUpdate): object {
  if (rules === undefined) return {};
  requireCompilableRules(rules);
  return { policy_type: policyTypeOf(rules), ...numberedRules(rules, before) };
}

function policyOf(row: PolicyEntity): Policy {
  const { next_rule_no: _internal, ...shown } = viewOf(row);
  return shown;
}

const policyRow = (manager: EntityManager, id: number): Promise<PolicyEntity> =>
  requireRow(manager, PolicyEntity, { policy_id: id });

async function refuseTakenName(manager: EntityManager, name: string, ownId: number): Promise<void> {
  const where = { policy_name: name, policy_id: Not(ownId) };
  if (await manager.existsBy(PolicyEntity, where)) throw duplicate('policy_name');
}
