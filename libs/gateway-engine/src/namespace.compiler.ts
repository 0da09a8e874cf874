/** Compiles a namespace together with the rules that hold in it. */
import type { NamespaceConfig } from '@ai-gateway/contracts';
import {
  allFailures,
  firstFailure,
  type CompiledFieldCheck,
  type FieldCheckFailure,
} from './field-check.js';
import type { CompiledLimit } from './limit.types.js';
import { byPrecedence } from './precedence.js';
import type { RequestFacts } from './request-facts.js';
import type { CompiledRule, CompiledTemplate } from './rule.compiler.js';

export interface CompiledNamespace {
  readonly id: number;
  readonly code: string;
  readonly name: string;
  readonly isDefault: boolean;
  /** Enforced and shadow ones, in order of precedence. */
  readonly limits: readonly CompiledLimit[];
  /** Enforced ones, in order of precedence. */
  readonly fieldChecks: readonly CompiledFieldCheck[];
  readonly shadowFieldChecks: readonly CompiledFieldCheck[];
}

/** @param inherited in their order; among rules of one priority they follow the own ones */
export function compileNamespace(
  config: NamespaceConfig,
  rules: readonly CompiledRule[],
  inherited: readonly CompiledTemplate[] = [],
): CompiledNamespace {
  const own: CompiledTemplate[] = rules.toSorted(byPrecedence);
  const ordered = own.concat(inherited).sort((a, b) => b.priority - a.priority);
  const checks = ordered.flatMap(({ check }) => (check === null ? [] : [check]));
  return {
    id: config.namespace_id,
    code: config.namespace_code,
    name: config.namespace_name,
    isDefault: config.is_default,
    limits: ordered.flatMap(({ limit }) => (limit === null ? [] : [limit])),
    fieldChecks: checks.filter((check) => check.mode === 'enforce'),
    shadowFieldChecks: checks.filter((check) => check.mode === 'shadow'),
  };
}

/**
 * Whether a field check refuses the request; the one of highest precedence is shown.
 * @param model canonical name; null skips the checks that are about certain models
 */
export function evaluateFieldChecks(
  namespace: CompiledNamespace,
  facts: RequestFacts,
  model: string | null,
): FieldCheckFailure | null {
  return firstFailure(namespace.fieldChecks, facts, model);
}

/** What checks in shadow mode would have refused. */
export function shadowFieldCheckFailures(
  namespace: CompiledNamespace,
  facts: RequestFacts,
  model: string | null,
): readonly FieldCheckFailure[] {
  if (namespace.shadowFieldChecks.length === 0) return NO_FAILURES;
  return allFailures(namespace.shadowFieldChecks, facts, model);
}

const NO_FAILURES: readonly FieldCheckFailure[] = [];
