import type { Page, Rule, RuleCreate, RuleUpdate } from '@ai-gateway/contracts';
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
import { checkedRule } from './rule-checks.js';
import { RuleEntity } from './rule.entity.js';

@Injectable()
export class RulesService {
  constructor(
    private readonly database: Database,
    private readonly revisions: ConfigRevisions,
    dependents: Dependents,
  ) {
    const rows = { kind: 'rule', idColumn: 'rule_id', ownerColumn: 'namespace_id' } as const;
    dependents.register('namespace', ownedRows('rules', RuleEntity, rows));
  }

  async list(namespaceId: number, query: ListQuery): Promise<Page<Rule>> {
    const { manager } = this.database;
    await requireNamespace(manager, namespaceId);
    return findPage(manager, RuleEntity, query, {
      idColumn: 'rule_id',
      where: { namespace_id: namespaceId },
      view: ruleOf,
    });
  }

  async find(id: number): Promise<Rule> {
    return ruleOf(await requireRow(this.database.manager, RuleEntity, { rule_id: id }));
  }

  async create(namespaceId: number, body: RuleCreate): Promise<Written<Rule>> {
    const written = await this.revisions.write((tx) => this.insert(tx, namespaceId, body));
    return written.createdAt(`/api/v1/rules/${written.value.rule_id}`);
  }

  async insert(tx: ConfigTransaction, namespaceId: number, body: RuleCreate): Promise<Rule> {
    await requireNamespace(tx.manager, namespaceId);
    const row = await insertRow(tx, RuleEntity, { ...body, namespace_id: namespaceId });
    tx.changed('rule', row.rule_id, row);
    return ruleOf(row);
  }

  update(id: number, changes: RuleUpdate, expected: ExpectedVersion): Promise<Written<Rule>> {
    return this.revisions.write(async (tx) => {
      const before = await requireRow(tx.manager, RuleEntity, { rule_id: id });
      const { rule_config } = checkedRule(Object.assign({}, before, changes));
      const row = await updateRow(tx, before, { changes: { ...changes, rule_config }, expected });
      tx.changed('rule', id, row);
      return ruleOf(row);
    });
  }

  remove(id: number, expected: ExpectedVersion): Promise<Written<void>> {
    return this.revisions.write(async (tx) => {
      const row = await requireRow(tx.manager, RuleEntity, { rule_id: id });
      await deleteRow(tx, row, expected);
      tx.changed('rule', id, null);
    });
  }
}

/** Stored rows were checked against the union when they were written. */
const ruleOf = (row: RuleEntity): Rule => viewOf(row) as Rule;
