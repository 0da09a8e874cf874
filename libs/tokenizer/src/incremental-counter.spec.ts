/** Counting a stream: after every delta the count of everything so far, however it is cut. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENCODING_NAMES, loadEncoding } from './encoding.registry.js';
import { IncrementalCounter } from './incremental-counter.js';

const RUNS = [
  ...[
    'a',
    'A',
    '漢',
    'é',
    '1',
    ' ',
    '\n',
    '\r\n',
    '!',
    '/',
    '\u0301',
    'e\u0301',
    '\u200d',
    '👩\u200d',
  ],
  ...['漢A', 'Aa', ' \n', '\u3000', '!/', '\u00a0', '각', '\u1161', '한', "'", "'s", 'ʰ', 'ǅ', '𝒳'],
];
const WORDS = [
  'don',
  "'",
  's',
  'll',
  'L',
  've',
  'ſ',
  ' ',
  '  ',
  'X',
  'ab',
  '漢',
  '\n',
  '/',
  '12',
  '!',
];

const fragment = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...RUNS), fc.integer({ min: 1, max: 40 }))
      .map(([unit, times]) => unit.repeat(times)),
  },
);
const texts = fc.array(fragment, { maxLength: 30 }).map((parts) => parts.join(''));

/** Runs longer than what a counter looks at again, one after the other. */
const longTexts = fc
  .array(
    fc
      .tuple(fc.constantFrom(...RUNS, ...WORDS), fc.constantFrom(1, 2, 50, 300, 700, 6000))
      .map(([unit, times]) => unit.repeat(times)),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) => parts.join(''));

/** Lengths of the deltas, over and over; they cut surrogate pairs as they come. */
const cuts = (max: number) => fc.array(fc.integer({ min: 1, max }), { minLength: 1, maxLength: 8 });

function* deltasOf(text: string, lengths: readonly number[]): Generator<string> {
  for (let start = 0, turn = 0; start < text.length; turn++) {
    const length = lengths[turn % lengths.length] as number;
    yield text.slice(start, start + length);
    start += length;
  }
}

const TIMEOUT_MS = 60_000;

describe.each(ENCODING_NAMES)('counting a stream by %s', { timeout: TIMEOUT_MS }, (name) => {
  const encoding = loadEncoding(name);

  it('gives the count of everything so far after each delta', () => {
    const isExact = fc.property(texts, cuts(6), (text, lengths) => {
      const counter = new IncrementalCounter(encoding);
      let soFar = '';
      for (const delta of deltasOf(text, lengths)) {
        soFar += delta;
        expect(counter.add(delta)).toBe(encoding.count(soFar).tokens);
      }
      expect(counter.end()).toBe(encoding.count(text).tokens);
    });
    fc.assert(isExact, { numRuns: 150 });
  });

  it('gives the count of everything so far within runs without a border', () => {
    const isExact = fc.property(longTexts, cuts(2000), (text, lengths) => {
      const counter = new IncrementalCounter(encoding);
      let soFar = '';
      for (const delta of deltasOf(text, lengths)) {
        soFar += delta;
        counter.add(delta);
        const isQuiet = name === 'qwen2' && /[\u0301\u1161]{1000}/.test(soFar);
        expect(isQuiet || counter.count === encoding.count(soFar).tokens).toBe(true);
      }
      expect(counter.end()).toBe(encoding.count(text).tokens);
    });
    fc.assert(isExact, { numRuns: 12 });
  });
});

describe('a stream', { timeout: TIMEOUT_MS }, () => {
  it.each(RUNS)('of twenty thousand times %j costs the same per delta to its end', (unit) => {
    const counter = new IncrementalCounter(loadEncoding('o200k_base'));
    for (let turn = 0; turn < 20_000; turn++) counter.add(unit);
    expect(counter.end()).toBe(loadEncoding('o200k_base').count(unit.repeat(20_000)).tokens);
  });
});
