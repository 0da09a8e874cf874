/** What a schema cannot say about a matcher; each test by itself, so that a refusal names it. */
import type { MatcherConfig } from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import { requireCompilable } from '../../platform/resources/compilable.js';

export function checkMatcher(matcher: MatcherConfig): void {
  const { match_operator: operator, match_value: value } = matcher;
  requireCompilable('matcher', { ...matcher, conditions: [] });
  requireList(operator, value, 'match_value');
  matcher.conditions.forEach((condition, index) => {
    const path = `conditions.${index}`;
    requireCompilable('matcher', { ...matcher, conditions: [condition] }, path);
    requireList(condition.operator, condition.value, `${path}.value`);
  });
}

/** The engine takes broken JSON for one value with brackets, which nobody means. */
function requireList(operator: string, value: string, path: string): void {
  if (operator !== 'in' || !value.trimStart().startsWith('[') || isListOfTexts(value)) return;
  const message = 'must be a JSON array of strings, or values separated by commas';
  throw new AdminError('UNPROCESSABLE', { details: [{ path, message }] });
}

function isListOfTexts(text: string): boolean {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((item) => typeof item === 'string');
  } catch {
    return false;
  }
}
