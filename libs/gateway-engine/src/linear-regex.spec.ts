import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_REGEX_WORK, compileRegex, requireRegex } from './linear-regex.js';

describe('patterns that are refused', () => {
  it.each([
    ['(', 'missing closing )'],
    ['a**', 'invalid'],
    ['(a)\\1', 'invalid escape sequence'],
    ['(?<=a)b', 'invalid'],
    ['(?=a)', 'invalid'],
    ['(?:a{1000}){1000}', 'invalid repeat count'],
    ['[\\s\\S]{900}x{900}y{900}', 'the pattern is too large'],
    ['x'.repeat(4_097), 'longer than 4096 characters'],
  ])('%j', (pattern, reason) => {
    const result = compileRegex(pattern);
    expect(result.ok).toBe(false);
    expect(result.ok ? '' : result.reason).toContain(reason);
    expect(() => requireRegex(pattern)).toThrow('unsupported regex');
  });
});

describe('patterns that are accepted', () => {
  it.each([
    ['b+', 'abc', true],
    ['^b', 'abc', false],
    ['(?i)ABC', 'xabc', true],
    ['^\\p{Han}+$', '渠道', true],
    ['', '', true],
  ])('%j on %j is %s', (pattern, text, expected) => {
    expect(requireRegex(pattern).test(text)).toBe(expected);
  });

  it('read the longest compared text when they are small', () => {
    expect(requireRegex('needle$').test(`${'x'.repeat(65_530)}needle`)).toBe(true);
  });

  it('do not match a text above the work bound', () => {
    const regex = requireRegex('a{900}');
    expect(regex.test('a'.repeat(1_000))).toBe(true);
    expect(regex.test('a'.repeat(MAX_REGEX_WORK / 900))).toBe(false);
  });

  it('never throw, whatever pattern and text', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '(',
        ')',
        '[',
        ']',
        '{',
        '}',
        '*',
        '+',
        '?',
        '|',
        '\\',
        '^',
        '$',
        '(?i)',
        '\\p{L}',
      ),
      fc.string({ unit: 'binary', maxLength: 3 }),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 8 }),
        fc.string({ unit: 'binary' }),
        (pieces, text) => {
          const result = compileRegex(pieces.join(''));
          const verdict = result.ok ? result.regex.test(text) : result.reason;
          expect(verdict).not.toBe('it cannot be compiled');
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('are refused, not fatal, when they nest too deeply', () => {
    expect(compileRegex(`${'('.repeat(2_000)}${')'.repeat(2_000)}`).ok).toBe(false);
  });
});
