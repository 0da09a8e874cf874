/** What a schema cannot say about a matcher: the data plane must be able to compile it. */
import type { MatcherConfig, MatcherCondition } from '@ai-gateway/contracts';
import { compileRegex } from '@ai-gateway/gateway-engine';
import { AdminError } from '@ai-gateway/nest-runtime';

type Test = Pick<MatcherCondition, 'operator' | 'value'>;

export function checkMatcher(matcher: MatcherConfig): void {
  checkTest({ operator: matcher.match_operator, value: matcher.match_value }, 'match_value');
  matcher.conditions.forEach((condition, index) => {
    checkField(condition, `conditions.${index}.field`);
    checkTest(condition, `conditions.${index}.value`);
  });
}

function checkTest({ operator, value }: Test, path: string): void {
  if (operator === 'regex') requireRegex(value, path);
  if (operator === 'in' && value.trimStart().startsWith('[') && !isListOfTexts(value)) {
    throw unprocessable(path, 'must be a JSON array of strings, or values separated by commas');
  }
}

function checkField({ in: place, field }: MatcherCondition, path: string): void {
  const needsField = place === 'header' || place === 'body' || place === 'query';
  if (needsField && field === undefined) throw unprocessable(path, `is required for ${place}`);
}

/** Rejects with UNSUPPORTED_REGEX and the reason when the linear-time engine cannot run it. */
function requireRegex(pattern: string, path: string): void {
  const result = compileRegex(pattern);
  if (result.ok) return;
  throw new AdminError('UNSUPPORTED_REGEX', { details: [{ path, message: result.reason }] });
}

function isListOfTexts(text: string): boolean {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((item) => typeof item === 'string');
  } catch {
    return false;
  }
}

const unprocessable = (path: string, message: string): AdminError =>
  new AdminError('UNPROCESSABLE', { details: [{ path, message }] });
