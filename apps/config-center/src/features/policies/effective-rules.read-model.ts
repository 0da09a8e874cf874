/** The rules of a namespace, own and inherited, as the gateways' engine resolves them. */
import { policyRuleId, type EffectiveRule, type RuleConfig } from '@ai-gateway/contracts';
import { holds, inheritedRules, type InheritedRule } from '@ai-gateway/gateway-engine';
import type { EntityManager } from 'typeorm';
import { policyIdsOfNamespace } from '../namespaces/namespaces.read-model.js';
import { allRulesOfNamespace } from '../rules/rules.read-model.js';
import { policiesById } from './policies.read-model.js';

/** Those that do not hold as well; in the order of enforcement. Rejects with NOT_FOUND. */
export async function effectiveRules(
  manager: EntityManager,
  namespaceId: number,
): Promise<EffectiveRule[]> {
  const policyIds = await policyIdsOfNamespace(manager, namespaceId);
  const own = await allRulesOfNamespace(manager, namespaceId);
  const policies = await policiesById(manager, policyIds);
  const inherited = inheritedRules({ policy_ids: policyIds }, own, policies);
  return [...own.map(ownRule), ...inherited.map(inheritedRule)].sort(
    (a, b) => b.priority - a.priority,
  );
}

function ownRule({ namespace_id: _asked, ...rule }: RuleConfig): EffectiveRule {
  const origin = { origin: 'own', policy_id: null, replaced_by: null } as const;
  return { ...rule, ...origin, holds: rule.status === 1 };
}

function inheritedRule(inherited: InheritedRule): EffectiveRule {
  const { rule_no, ...rule } = inherited.rule;
  return {
    ...rule,
    rule_id: policyRuleId(inherited.policyId, rule_no),
    origin: 'policy',
    policy_id: inherited.policyId,
    replaced_by: inherited.replacedBy,
    holds: holds(inherited),
  };
}
