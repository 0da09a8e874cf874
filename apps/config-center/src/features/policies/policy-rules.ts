/** Numbers the rules of a policy, so that each keeps its counters while the policy changes. */
import type { PolicyRule, RuleCreate } from '@ai-gateway/contracts';
import { requireCompilable } from '../../platform/resources/compilable.js';

export interface NumberedRules {
  rules: PolicyRule[];
  next_rule_no: number;
}

export const NO_RULES: NumberedRules = { rules: [], next_rule_no: 1 };

/** A rule that keeps its name keeps its number; a number is never given again. */
export function numberedRules(rules: readonly RuleCreate[], before: NumberedRules): NumberedRules {
  const known = new Map(before.rules.map(({ rule_name, rule_no }) => [rule_name, rule_no]));
  let next = Math.max(before.next_rule_no, ...[...known.values()].map((number) => number + 1));
  const numbered = rules.map((rule) => ({
    rule_no: known.get(rule.rule_name) ?? (next += 1) - 1,
    ...rule,
  }));
  return { rules: numbered, next_rule_no: next };
}

/** Rejects as a namespace's rule would be, and names the rule. */
export function requireCompilableRules(rules: readonly RuleCreate[]): void {
  for (const [index, rule] of rules.entries()) {
    const stored = { ...rule, rule_id: 1, namespace_id: 1 };
    requireCompilable('rule', stored, `rules.${index}.rule_config.value`);
  }
}
