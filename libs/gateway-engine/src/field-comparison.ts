/**
 * The comparisons of field checks. No value passes by type confusion: `"9"` in a JSON body is no
 * number, an array no text.
 *
 * | the field is | verdict |
 * |---|---|
 * | absent, or null in the body | passes, except `exists` (value true or none: refused) |
 * | null, and the check's value names null | compared by eq, ne, in |
 * | of a type the operator does not compare | refused; for `ne`: different, so it passes |
 *
 * Operators: `eq ne in` compare type and value; `gt gte lt lte` numbers only; `contains` a text in
 * a text, or an element in an array; `regex` a text, number or boolean by its JSON text; `exists`
 * with value false demands absence. Headers and query parameters have text only: there a number is
 * compared with a decimal text, a boolean with `true` or `false`.
 */
import type { FieldCheckConfig, FieldOperator, FieldPlace } from '@ai-gateway/contracts';
import { asHeaderBytes, comparableText, fromHeaderBytes, parseTextList } from './field-text.js';
import { requireRegex } from './linear-regex.js';
import { UncompilableError } from './uncompilable.error.js';

type Scalar = string | number | boolean | null;
/** @param found the field's value; undefined when absent */
export type Accepts = (found: unknown) => boolean;

/** @throws UncompilableError when the value does not fit the operator */
export function compileFieldComparison(place: FieldPlace, config: FieldCheckConfig): Accepts {
  const { operator, value } = config;
  if (operator === 'exists') {
    const wanted = value !== false;
    return (found) => isPresent(found) === wanted;
  }
  const holds = comparison(place, operator, value);
  const namesNull = value === null || (Array.isArray(value) && value.includes(null));
  return namesNull
    ? (found) => found === undefined || holds(found)
    : (found) => !isPresent(found) || holds(found);
}

const isPresent = (value: unknown): boolean => value !== undefined && value !== null;

function comparison(
  place: FieldPlace,
  operator: Exclude<FieldOperator, 'exists'>,
  value: FieldCheckConfig['value'],
): Accepts {
  switch (operator) {
    case 'eq':
      return equals(place, requireScalar(value));
    case 'ne': {
      const same = equals(place, requireScalar(value));
      return (found) => !same(found);
    }
    case 'in': {
      const choices = listOf(value).map((item) => equals(place, item));
      return (found) => choices.some((same) => same(found));
    }
    case 'contains':
      return contains(place, requireScalar(value));
    case 'regex':
      return matches(place, requireScalar(value));
    default:
      return compares(place, operator, requireNumber(value));
  }
}

function equals(place: FieldPlace, wanted: Scalar): Accepts {
  if (place === 'body' || wanted === null || typeof wanted === 'string') {
    const expected = asFound(place, wanted);
    return (found) => found === expected;
  }
  if (typeof wanted === 'number') return (found) => numberIn(place, found) === wanted;
  return (found) => found === String(wanted);
}

function contains(place: FieldPlace, wanted: Scalar): Accepts {
  const expected = asFound(place, wanted);
  return (found) => {
    if (Array.isArray(found)) return found.includes(expected);
    return typeof expected === 'string' && (comparableString(found)?.includes(expected) ?? false);
  };
}

function matches(place: FieldPlace, pattern: Scalar): Accepts {
  if (typeof pattern !== 'string') throw new UncompilableError('regex needs a text as value');
  const regex = requireRegex(pattern);
  return (found) => {
    const text = comparableText(found);
    if (text === null) return false;
    return regex.test(place === 'header' ? fromHeaderBytes(text) : text);
  };
}

function compares(
  place: FieldPlace,
  operator: 'gt' | 'gte' | 'lt' | 'lte',
  bound: number,
): Accepts {
  const holds = ORDER[operator];
  return (found) => {
    const number = numberIn(place, found);
    return number !== null && holds(number, bound);
  };
}

const ORDER = {
  gt: (a: number, b: number) => a > b,
  gte: (a: number, b: number) => a >= b,
  lt: (a: number, b: number) => a < b,
  lte: (a: number, b: number) => a <= b,
} as const;

const DECIMAL = /^-?\d{1,300}(?:\.\d{1,300})?$/;

function numberIn(place: FieldPlace, found: unknown): number | null {
  if (place === 'body') return typeof found === 'number' ? found : null;
  return typeof found === 'string' && DECIMAL.test(found) ? Number(found) : null;
}

function comparableString(found: unknown): string | null {
  return typeof found === 'string' ? comparableText(found) : null;
}

/** The configured value in the form in which the place shows it. */
function asFound(place: FieldPlace, value: Scalar): Scalar {
  if (place === 'body' || value === null) return value;
  return place === 'header' ? asHeaderBytes(String(value)) : String(value);
}

function requireScalar(value: FieldCheckConfig['value']): Scalar {
  if (value === undefined) throw new UncompilableError('the operator needs a value');
  if (Array.isArray(value)) throw new UncompilableError('only the operator in takes a list');
  return value;
}

/** A decimal text counts as number here: it is the operator's own word, not the client's. */
function requireNumber(value: FieldCheckConfig['value']): number {
  const number = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
  if (typeof number !== 'number') throw new UncompilableError('the operator needs a number');
  return number;
}

function listOf(value: FieldCheckConfig['value']): Scalar[] {
  if (Array.isArray(value)) return value;
  return typeof value === 'string' ? parseTextList(value) : [requireScalar(value)];
}
