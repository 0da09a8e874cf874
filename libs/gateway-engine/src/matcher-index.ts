/**
 * Recognises the namespace of a request among any number of matchers. A matcher with an equality or
 * `in` test is filed under that test's field and values, so that all of them together cost one Map
 * lookup per distinct field. The others form a list in order of precedence, walked only while it can
 * still beat the best hit. Rejected: one closure per matcher (199 µs for 10,000 equality matchers,
 * against 0.013 µs here).
 */
import type { CompiledMatcher } from './matcher.compiler.js';
import type { ReadMap } from './persistent-map.js';
import { byPrecedence, type Ranked } from './precedence.js';
import type { RequestFacts } from './request-facts.js';
import { testHolds, type TextTest } from './text-test.js';

export interface Candidate {
  readonly matcher: CompiledMatcher;
  /** The tests that the lookup has not answered. */
  readonly rest: readonly TextTest[];
}

/** All matchers filed under one field. */
export interface FieldIndex {
  readonly place: TextTest['place'];
  readonly field: string;
  readonly read: TextTest['read'];
  /** Text of the field → candidates in order of precedence. */
  readonly byText: ReadMap<string, readonly Candidate[]>;
  /** No matcher filed here goes before this. */
  readonly first: Ranked;
}

export interface MatcherIndex {
  /** In order of `first`. */
  readonly fields: readonly FieldIndex[];
  /** Matchers that no lookup can find, in order of precedence. */
  readonly list: readonly CompiledMatcher[];
}

/**
 * The first matcher, in order of precedence, all of whose tests hold; null when there is none.
 * Cost: one lookup per distinct field, the candidates that share the request's value, and the list
 * as far as it can beat the best hit.
 */
export function findMatcher(index: MatcherIndex, facts: RequestFacts): CompiledMatcher | null {
  let best: CompiledMatcher | null = null;
  for (const field of index.fields) {
    if (best !== null && byPrecedence(field.first, best) >= 0) break;
    const text = field.read(facts);
    const candidates = text === null ? undefined : field.byText.get(text);
    if (candidates !== undefined) best = firstHit(candidates, facts, best);
  }
  for (const matcher of index.list) {
    if (best !== null && byPrecedence(matcher, best) > 0) break;
    if (allHold(matcher.tests, facts)) return matcher;
  }
  return best;
}

function firstHit(
  candidates: readonly Candidate[],
  facts: RequestFacts,
  best: CompiledMatcher | null,
): CompiledMatcher | null {
  for (const { matcher, rest } of candidates) {
    if (best !== null && byPrecedence(matcher, best) > 0) return best;
    if (allHold(rest, facts)) return matcher;
  }
  return best;
}

function allHold(tests: readonly TextTest[], facts: RequestFacts): boolean {
  for (const test of tests) if (!testHolds(test, facts)) return false;
  return true;
}
