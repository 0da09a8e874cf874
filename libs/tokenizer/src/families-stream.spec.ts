/** The running count of a stream with the splits of added vocabularies. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Encoding } from './encoding.js';
import { IncrementalCounter } from './incremental-counter.js';
import { sampleTexts } from './sample-texts.js';
import {
  PATTERNS,
  bufferOf,
  byteLevel,
  sequence,
  split,
  syntheticFile,
} from './synthetic-tokenizer.contract.js';
import { counterOfFile } from './vocabulary.folder.js';

const FAMILIES = {
  'DeepSeek V3': sequence(
    split(String.raw`\p{N}{1,3}`),
    split('[一-龥぀-ゟ゠-ヿ]+'),
    split(PATTERNS.deepseek),
    byteLevel(false),
  ),
  Mistral: sequence(split(PATTERNS.mistral), byteLevel(false)),
};

const fragment = fc.oneof(
  fc.constantFrom(...sampleTexts().slice(0, 40)),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc
    .tuple(
      fc.constantFrom('a', '漢', '1', ' ', '\n', "'s", "don't", '\u200d', '・', 'カ', '!'),
      fc.nat(60),
    )
    .map(([unit, times]) => unit.repeat(times)),
);

describe.each(Object.entries(FAMILIES))('a stream counted by %s', (name, preTokenizer) => {
  const encoding = counterOfFile(name, bufferOf(syntheticFile({ preTokenizer })));

  it('has the count of the whole text after every delta', { timeout: 30_000 }, () => {
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 12 }), (deltas) => {
        expect(encoding).toBeInstanceOf(Encoding);
        const counter = new IncrementalCounter(encoding as Encoding);
        let whole = '';
        for (const delta of deltas) {
          whole += delta;
          counter.add(delta);
          expect(counter.count).toBe(encoding.count(whole).tokens);
        }
      }),
      { numRuns: 400 },
    );
  });
});
