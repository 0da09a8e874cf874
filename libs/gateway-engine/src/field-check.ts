/** Field checks: what a field of the request must be, else the request is refused. */
import type { FieldPlace, RuleMode } from '@ai-gateway/contracts';
import { compileFieldComparison } from './field-comparison.js';
import { parseJsonPath, readJsonPath } from './json-field.js';
import { compileModelSelector, type ModelSelector } from './model-selector.js';
import type { RequestFacts } from './request-facts.js';
import type { RuleTemplate } from './rule-template.types.js';

export type FieldCheckRuleConfig = Extract<RuleTemplate, { rule_type: 'field_check' }>;

export interface FieldCheckFailure {
  readonly ruleId: string;
  readonly ruleName: string;
  readonly message: string;
  readonly statusCode: 400 | 403;
  /** As configured: `body.max_tokens`. */
  readonly fieldPath: string;
}

export interface CompiledFieldCheck {
  readonly place: FieldPlace;
  /** Without the place; header names in lower case. */
  readonly field: string;
  readonly mode: RuleMode;
  readonly appliesToModel: ModelSelector | null;
  readonly passes: (facts: RequestFacts) => boolean;
  readonly failure: FieldCheckFailure;
}

/**
 * The failure of the first check, in order of precedence, that the request does not pass.
 * @param model canonical name; null skips the checks that are about certain models
 */
export function firstFailure(
  checks: readonly CompiledFieldCheck[],
  facts: RequestFacts,
  model: string | null,
): FieldCheckFailure | null {
  for (const check of checks) {
    if (applies(check, model) && !check.passes(facts)) return check.failure;
  }
  return null;
}

/** Every failure, in order of precedence. */
export function allFailures(
  checks: readonly CompiledFieldCheck[],
  facts: RequestFacts,
  model: string | null,
): FieldCheckFailure[] {
  return checks
    .filter((check) => applies(check, model) && !check.passes(facts))
    .map((check) => check.failure);
}

function applies({ appliesToModel }: CompiledFieldCheck, model: string | null): boolean {
  return appliesToModel === null || (model !== null && appliesToModel(model));
}

/** @throws UncompilableError */
export function compileFieldCheck(rule: FieldCheckRuleConfig, ruleId: string): CompiledFieldCheck {
  const { field_path: fieldPath, operator, message, status_code: statusCode } = rule.rule_config;
  const { place, field } = splitFieldPath(fieldPath);
  const read = reader(place, field);
  const accepts = compileFieldComparison(place, rule.rule_config);
  return {
    place,
    field,
    mode: rule.mode,
    appliesToModel: compileModelSelector(rule.models),
    passes: (facts) => accepts(read(facts)),
    failure: {
      ruleId,
      ruleName: rule.rule_name,
      message: message ?? `The field ${fieldPath} does not satisfy the operator ${operator}.`,
      statusCode: statusCode ?? 403,
      fieldPath,
    },
  };
}

function splitFieldPath(fieldPath: string): { place: FieldPlace; field: string } {
  const dot = fieldPath.indexOf('.');
  const place = fieldPath.slice(0, dot) as FieldPlace;
  const field = fieldPath.slice(dot + 1);
  return { place, field: place === 'header' ? field.toLowerCase() : field };
}

function reader(place: FieldPlace, field: string): (facts: RequestFacts) => unknown {
  switch (place) {
    case 'header':
      return (facts) => facts.header(field);
    case 'query':
      return (facts) => facts.query(field);
    case 'body': {
      const path = parseJsonPath(field);
      return (facts) => readJsonPath(facts.body, path);
    }
  }
}
