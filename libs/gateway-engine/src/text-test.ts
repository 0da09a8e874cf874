/**
 * One condition on one field of a request, compiled: where to read, and what the text must be.
 * Matchers are made of these. A field without comparable text satisfies no operator, `not_equals`
 * included, so that a request is never recognised by what it lacks.
 */
import type { MatchOperator } from '@ai-gateway/contracts';
import type { CONDITION_PLACES } from '@ai-gateway/contracts';
import {
  asHeaderBytes,
  comparableHeader,
  comparableText,
  fromHeaderBytes,
  parseTextList,
} from './field-text.js';
import { parseJsonPath, readJsonPath } from './json-field.js';
import { requireRegex } from './linear-regex.js';
import type { RequestFacts } from './request-facts.js';
import { UncompilableError } from './uncompilable.error.js';

export type ConditionPlace = (typeof CONDITION_PLACES)[number];

export interface TextTest {
  readonly place: ConditionPlace;
  /** Header names in lower case; empty for path and method. */
  readonly field: string;
  /** The comparable text of the field; null: none. */
  readonly read: (facts: RequestFacts) => string | null;
  readonly accepts: (text: string) => boolean;
  /** What equality and `in` accept; null for the other operators. */
  readonly values: ReadonlySet<string> | null;
}

export interface TextTestConfig {
  readonly place: ConditionPlace;
  readonly field: string | undefined;
  readonly operator: MatchOperator;
  readonly value: string;
}

/** @throws UncompilableError */
export function compileTextTest(config: TextTestConfig): TextTest {
  const { place } = config;
  const field = fieldName(config);
  const values = equalValues(config);
  const accepts = values === null ? acceptor(config) : (text: string) => values.has(text);
  return { place, field, read: reader(place, field), accepts, values };
}

export function testHolds(test: TextTest, facts: RequestFacts): boolean {
  const text = test.read(facts);
  return text !== null && test.accepts(text);
}

function fieldName({ place, field }: TextTestConfig): string {
  if (place === 'path' || place === 'method') return '';
  if (field === undefined) throw new UncompilableError(`a condition on ${place} needs a field`);
  return place === 'header' ? field.toLowerCase() : field;
}

function reader(place: ConditionPlace, field: string): TextTest['read'] {
  switch (place) {
    case 'header':
      return (facts) => comparableHeader(facts.header(field));
    case 'query':
      return (facts) => comparableText(facts.query(field));
    case 'path':
      return (facts) => comparableText(facts.path);
    case 'method':
      return (facts) => comparableText(facts.method);
    case 'body': {
      const path = parseJsonPath(field);
      return (facts) => comparableText(readJsonPath(facts.body, path));
    }
  }
}

function equalValues({ place, operator, value }: TextTestConfig): ReadonlySet<string> | null {
  if (operator === 'equals') return new Set([asSeenIn(place, value)]);
  if (operator !== 'in') return null;
  return new Set(parseTextList(value).map((item) => asSeenIn(place, item)));
}

function acceptor({ place, operator, value }: TextTestConfig): TextTest['accepts'] {
  if (operator === 'regex') {
    const regex = requireRegex(value);
    if (place === 'header') return (text) => regex.test(fromHeaderBytes(text));
    return (text) => regex.test(text);
  }
  const seen = asSeenIn(place, value);
  return operator === 'contains' ? (text) => text.includes(seen) : (text) => text !== seen;
}

/** The configured value in the form in which facts show that place. */
function asSeenIn(place: ConditionPlace, value: string): string {
  if (place === 'header') return asHeaderBytes(value);
  return place === 'method' ? value.toUpperCase() : value;
}
