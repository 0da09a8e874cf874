/**
 * Which rules a namespace inherits. The gateway compiles from this and the admin API shows it, so
 * what is shown is what holds. An own rule replaces every inherited one of its name, also while it
 * is disabled: that is how a namespace is exempt. Policies do not replace each other: where two have
 * a rule of one name, both hold. Rejected: the first policy wins, which would make a limit depend on
 * the order of a list.
 */
import type { NamespaceConfig, PolicyConfig, PolicyRule, RuleConfig } from '@ai-gateway/contracts';
import type { ReadMap } from './persistent-map.js';

export interface InheritedRule {
  readonly policyId: number;
  readonly rule: PolicyRule;
  readonly policyEnabled: boolean;
  /** The own rule in its place. */
  readonly replacedBy: number | null;
}

/** In the order in which rules of one priority are enforced: by policy, then by number. */
export function inheritedRules(
  { policy_ids: policyIds }: Pick<NamespaceConfig, 'policy_ids'>,
  ownRules: readonly Pick<RuleConfig, 'rule_id' | 'rule_name'>[],
  policies: Pick<ReadMap<number, PolicyConfig>, 'get'>,
): InheritedRule[] {
  if (policyIds.length === 0) return [];
  const ownIds = new Map(ownRules.map(({ rule_name, rule_id }) => [rule_name, rule_id]));
  return policyIds
    .toSorted((a, b) => a - b)
    .flatMap((policyId) => rulesOf(policies.get(policyId)))
    .map((rule) => ({ ...rule, replacedBy: ownIds.get(rule.rule.rule_name) ?? null }));
}

/** Whether the namespace is held to it. */
export const holds = ({ rule, policyEnabled, replacedBy }: InheritedRule): boolean =>
  policyEnabled && rule.status === 1 && replacedBy === null;

function rulesOf(policy: PolicyConfig | undefined): Omit<InheritedRule, 'replacedBy'>[] {
  if (policy === undefined) return [];
  return policy.rules
    .toSorted((a, b) => a.rule_no - b.rule_no)
    .map((rule) => ({ policyId: policy.policy_id, rule, policyEnabled: policy.status === 1 }));
}
