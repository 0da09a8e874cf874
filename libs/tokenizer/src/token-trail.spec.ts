/** A growing sequence merges as the whole would, in vocabularies made to make that hard. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BytePairMerger } from './byte-pair-merger.js';
import { makePairs } from './encoding.js';
import { newMerging } from './piece-merger.js';
import { RankTable } from './rank-table.js';
import { TokenTrail } from './token-trail.js';

const LETTERS = 'abc';

/** Bytes in order, then tokens of three letters in any order, each made of two before it. */
const vocabularies = fc
  .array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 40 })
  .map((choices) => {
    const tokens = Array.from({ length: 256 }, (_, byte) => Buffer.of(byte));
    const usable = Array.from(LETTERS, (letter) => Buffer.from(letter));
    const known = new Set(Array.from(LETTERS));
    for (const [left, right] of choices) {
      const parts = [left, right].map((choice) => usable[choice % usable.length] as Buffer);
      const token = Buffer.concat(parts);
      if (token.length > 60 || known.has(token.toString())) continue;
      known.add(token.toString());
      usable.push(token);
      tokens.push(token);
    }
    return tokens;
  });

function tableOf(tokens: readonly Uint8Array[]): RankTable {
  const offsets = new Uint32Array(tokens.length + 1);
  for (const [rank, token] of tokens.entries()) {
    offsets[rank + 1] = (offsets[rank] as number) + token.length;
  }
  return new RankTable(Buffer.concat(tokens), offsets);
}

const sequences = fc
  .array(
    fc.tuple(
      fc.string({ unit: fc.constantFrom(...Array.from(LETTERS)), minLength: 1, maxLength: 6 }),
      fc.nat(60),
    ),
    { maxLength: 20 },
  )
  .map((runs) => Buffer.from(runs.map(([unit, times]) => unit.repeat(times)).join('')));

describe.each(['rounds', 'the heap'])('a trail merged by %s', (by) => {
  it('has the ids of the whole after each extension and each cut', () => {
    const isSame = fc.property(
      vocabularies,
      sequences,
      fc.array(fc.nat(), { minLength: 1, maxLength: 12 }),
      (tokens, bytes, stops) => {
        const ranks = tableOf(tokens);
        const heap = new BytePairMerger(ranks);
        const pairs = by === 'rounds' ? makePairs(ranks) : null;
        const merging = pairs === null ? null : newMerging(pairs);
        const trail = new TokenTrail({ ranks, merging, heap });
        for (const stop of [...stops, bytes.length]) {
          const to = stop % (bytes.length + 1);
          trail.cut(bytes, to);
          trail.extend(bytes, to);
          const [ids, whole]: [number[], number[]] = [[], []];
          trail.appendIds(bytes, ids);
          heap.merge(bytes, to, whole);
          expect(ids).toEqual(whole);
          expect(trail.count).toBe(whole.length);
        }
      },
    );
    fc.assert(isSame, { numRuns: 300 });
  });
});
