/** What own rules and those of policies have in common: all but who they belong to. */
import type { PolicyRule } from '@ai-gateway/contracts';

type WithoutNumber<Rule> = Rule extends PolicyRule ? Omit<Rule, 'rule_no'> : never;
export type RuleTemplate = WithoutNumber<PolicyRule>;
