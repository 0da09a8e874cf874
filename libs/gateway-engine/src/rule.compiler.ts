/** Compiles one rule into what it is: a limit or a field check. */
import type { RuleConfig } from '@ai-gateway/contracts';
import { compileFieldCheck, type CompiledFieldCheck } from './field-check.js';
import { compileLimit } from './limit.compiler.js';
import type { CompiledLimit } from './limit.types.js';
import type { Ranked } from './precedence.js';

/** Exactly one of `limit` and `check` is set. */
export interface CompiledRule extends Ranked {
  readonly namespaceId: number;
  readonly limit: CompiledLimit | null;
  readonly check: CompiledFieldCheck | null;
}

/** @throws UncompilableError */
export function compileRule(config: RuleConfig): CompiledRule {
  const { rule_id: id, namespace_id: namespaceId, priority } = config;
  const isCheck = config.rule_type === 'field_check';
  return {
    id,
    namespaceId,
    priority,
    limit: isCheck ? null : compileLimit(config),
    check: isCheck ? compileFieldCheck(config) : null,
  };
}
