/** What other features may ask about rules. */
import { ruleConfigSchema, type RuleConfig } from '@ai-gateway/contracts';
import type { EntityManager } from 'typeorm';
import { RuleEntity } from './rule.entity.js';

/** Disabled ones too; first to last as they are enforced. */
export async function allRulesOfNamespace(
  manager: EntityManager,
  namespaceId: number,
): Promise<RuleConfig[]> {
  const rows = await manager.find(RuleEntity, {
    where: { namespace_id: namespaceId },
    order: { priority: 'DESC', rule_id: 'ASC' },
  });
  return rows.map((row) => ruleConfigSchema.parse(row));
}

export async function findRule(manager: EntityManager, id: number): Promise<RuleConfig | null> {
  const row = await manager.findOneBy(RuleEntity, { rule_id: id });
  return row === null ? null : ruleConfigSchema.parse(row);
}
