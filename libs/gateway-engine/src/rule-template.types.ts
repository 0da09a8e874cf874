/** What own rules and those of policies have in common: all but who they belong to. */
import type { PolicyRule, RuleConfig } from '@ai-gateway/contracts';

export type RuleTemplate = RuleConfig | PolicyRule;
