/** A rule after merging an update, and what its schema cannot say. */
import { ruleConfigSchema, type RuleConfig } from '@ai-gateway/contracts';
import { compileRegex } from '@ai-gateway/gateway-engine';
import { AdminError, validationError } from '@ai-gateway/nest-runtime';

/** `rule_config` must fit `rule_type`, also when an update changed only one of them. */
export function checkedRule(rule: object): RuleConfig {
  const parsed = ruleConfigSchema.safeParse(rule);
  if (!parsed.success) throw validationError(parsed.error.issues, { input: rule });
  if (parsed.data.rule_type === 'field_check') checkFieldCheck(parsed.data.rule_config);
  return parsed.data;
}

type FieldCheck = Extract<RuleConfig, { rule_type: 'field_check' }>['rule_config'];

function checkFieldCheck({ operator, value }: FieldCheck): void {
  const path = 'rule_config.value';
  if (operator === 'in' && !Array.isArray(value)) {
    throw unprocessable(path, 'must be a list for the operator in');
  }
  if (operator !== 'in' && Array.isArray(value)) {
    throw unprocessable(path, 'a list is only for the operator in');
  }
  if (operator !== 'regex') return;
  if (typeof value !== 'string') throw unprocessable(path, 'must be a regular expression');
  const result = compileRegex(value);
  if (result.ok) return;
  throw new AdminError('UNSUPPORTED_REGEX', { details: [{ path, message: result.reason }] });
}

const unprocessable = (path: string, message: string): AdminError =>
  new AdminError('UNPROCESSABLE', { details: [{ path, message }] });
