/** Compiles rules into what they are: limits and field checks. */
import { policyRuleId, type PolicyConfig, type RuleConfig } from '@ai-gateway/contracts';
import { compileFieldCheck, type CompiledFieldCheck } from './field-check.js';
import { compileLimit } from './limit.compiler.js';
import type { CompiledLimit } from './limit.types.js';
import type { Ranked } from './precedence.js';
import type { RuleTemplate } from './rule-template.types.js';

/** One of `limit` and `check` is set, or neither for a rule that is switched off. */
export interface CompiledTemplate {
  readonly priority: number;
  readonly limit: CompiledLimit | null;
  readonly check: CompiledFieldCheck | null;
}

/** A namespace's own rule. */
export interface CompiledRule extends CompiledTemplate, Ranked {
  readonly namespaceId: number;
}

/** Enabled rules of an enabled policy by number. */
export type CompiledPolicy = ReadonlyMap<number, CompiledTemplate>;

/** Holds nobody to anything, but stands in the place of inherited rules of its name. */
export const switchedOff = ({ rule_id: id, namespace_id, priority }: RuleConfig): CompiledRule => ({
  id,
  namespaceId: namespace_id,
  priority,
  limit: null,
  check: null,
});

/** @throws UncompilableError */
export function compileRule(config: RuleConfig): CompiledRule {
  const { rule_id: id, namespace_id: namespaceId } = config;
  return { id, namespaceId, ...compileTemplate(config, String(id)) };
}

/** @throws UncompilableError of the first rule that does not compile */
export function compilePolicy({ policy_id: policyId, rules }: PolicyConfig): CompiledPolicy {
  return new Map(
    rules.map((rule) => {
      const compiled = compileTemplate(rule, policyRuleId(policyId, rule.rule_no));
      return [rule.rule_no, compiled];
    }),
  );
}

function compileTemplate(config: RuleTemplate, ruleId: string): CompiledTemplate {
  const isCheck = config.rule_type === 'field_check';
  return {
    priority: config.priority,
    limit: isCheck ? null : compileLimit(config, ruleId),
    check: isCheck ? compileFieldCheck(config, ruleId) : null,
  };
}
