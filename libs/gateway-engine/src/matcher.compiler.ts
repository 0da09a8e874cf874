/** Compiles one matcher into the tests that must all hold. */
import type { MatcherConfig } from '@ai-gateway/contracts';
import { compileTextTest, type ConditionPlace, type TextTest } from './text-test.js';

export interface CompiledMatcher {
  readonly id: number;
  readonly namespaceId: number;
  readonly priority: number;
  /** Never empty. */
  readonly tests: readonly TextTest[];
}

/** @throws UncompilableError */
export function compileMatcher(config: MatcherConfig): CompiledMatcher {
  const own = placesOf(config).map((place) =>
    compileTextTest({
      place,
      field: config.match_field,
      operator: config.match_operator,
      value: config.match_value,
    }),
  );
  const conditions = config.conditions.map(({ in: place, field, operator, value }) =>
    compileTextTest({ place, field, operator, value }),
  );
  return {
    id: config.matcher_id,
    namespaceId: config.namespace_id,
    priority: config.priority,
    tests: [...own, ...conditions],
  };
}

function placesOf({ matcher_type: type }: MatcherConfig): ConditionPlace[] {
  return type === 'header_and_body' ? ['header', 'body'] : [type];
}
