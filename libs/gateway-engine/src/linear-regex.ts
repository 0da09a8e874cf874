/**
 * Regular expressions written by users, run in time linear in the text (RE2 semantics), so that no
 * pattern can stall the gateway. Native RegExp backtracks exponentially; native RE2 bindings need a
 * compiler at installation. Linear still multiplies by the size of the pattern's program (measured:
 * up to 60 ns per character and instruction when the automaton's states do not fit its cache), so
 * the work of one test is bounded as well.
 */
import { RE2JS, RE2JSException } from 're2js';
import { UncompilableError } from './uncompilable.error.js';

/** Program instructions of the largest accepted pattern. */
const MAX_REGEX_PROGRAM_SIZE = 2_000;

/**
 * Instructions × characters of one test: a program of 15 instructions reads the longest compared
 * text, one of 1,000 reads 1,000 characters. Worst case about 60 ms.
 */
export const MAX_REGEX_WORK = 1_000_000;

const MAX_PATTERN_LENGTH = 4_096;

export interface LinearRegex {
  /** True when any part of `text` matches. A text above the work bound does not match. */
  test(text: string): boolean;
}

export type RegexResult =
  | { readonly ok: true; readonly regex: LinearRegex }
  | { readonly ok: false; readonly reason: string };

/**
 * Compiles RE2 syntax: no back-references, no look-around. The reason of a refusal is safe to show
 * to the author of the pattern.
 * Source: https://github.com/google/re2/wiki/Syntax
 */
export function compileRegex(pattern: string): RegexResult {
  if (pattern.length > MAX_PATTERN_LENGTH) {
    return { ok: false, reason: `longer than ${MAX_PATTERN_LENGTH} characters` };
  }
  try {
    const program = RE2JS.compile(pattern);
    const size = program.programSize();
    if (size > MAX_REGEX_PROGRAM_SIZE) return { ok: false, reason: 'the pattern is too large' };
    const maxLength = Math.floor(MAX_REGEX_WORK / size);
    const test = (text: string): boolean => text.length <= maxLength && program.test(text);
    return { ok: true, regex: { test } };
  } catch (error) {
    const reason = error instanceof RE2JSException ? error.message : 'it cannot be compiled';
    return { ok: false, reason };
  }
}

/** @throws UncompilableError */
export function requireRegex(pattern: string): LinearRegex {
  const result = compileRegex(pattern);
  if (!result.ok) throw new UncompilableError(`unsupported regex: ${result.reason}`);
  return result.regex;
}
