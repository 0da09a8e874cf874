/** A rule after merging an update. */
import { ruleConfigSchema, type RuleConfig } from '@ai-gateway/contracts';
import { validationError } from '@ai-gateway/nest-runtime';

/** `rule_config` must fit `rule_type`, also when an update changed only one of them. */
export function checkedRule(rule: object): RuleConfig {
  const parsed = ruleConfigSchema.safeParse(rule);
  if (parsed.success) return parsed.data;
  throw validationError(parsed.error.issues, { input: rule });
}
