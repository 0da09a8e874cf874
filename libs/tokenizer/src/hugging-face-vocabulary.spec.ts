/** Files with every feature that the known families use, against `@huggingface/tokenizers`. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Encoding } from './encoding.js';
import { MAX_FILE_BYTES, parseTokenizerFile } from './hugging-face-file.js';
import { HuggingFaceCounter } from './hugging-face.counter.js';
import { sampleTexts } from './sample-texts.js';
import {
  PATTERNS,
  bufferOf,
  byteLevel,
  sequence,
  split,
  syntheticFile,
  type SyntheticOptions,
} from './synthetic-tokenizer.contract.js';
import { VocabularyError } from './vocabulary-error.js';
import { counterOfFile } from './vocabulary.folder.js';

const TIMEOUT_MS = 30_000;
const THREE_DIGITS = String.raw`\p{N}{1,3}`;
const NFC = { type: 'NFC' };

const FAMILIES: readonly (readonly [name: string, options: SyntheticOptions])[] = [
  [
    'Llama 3: pieces that are tokens are not merged',
    {
      preTokenizer: sequence(split(PATTERNS.letters3), byteLevel(false)),
      model: { ignore_merges: true },
    },
  ],
  [
    'Qwen: composed text, single digits',
    { preTokenizer: sequence(split(PATTERNS.letters1), byteLevel(false)), normalizer: NFC },
  ],
  [
    'DeepSeek V3: three splits in turn, merges as texts, an empty sequence of normalisers',
    {
      preTokenizer: sequence(
        split(THREE_DIGITS),
        split('[一-龥぀-ゟ゠-ヿ]+'),
        split(PATTERNS.deepseek),
        byteLevel(false),
      ),
      normalizer: { type: 'Sequence', normalizers: [] },
      oldMerges: true,
    },
  ],
  [
    'Mistral: ids after a thousand added tokens',
    {
      preTokenizer: sequence(split(PATTERNS.mistral), byteLevel(false)),
      firstId: 1000,
      model: { ignore_merges: true },
    },
  ],
  [
    'GPT-OSS: matches kept by removing what is between',
    { preTokenizer: sequence(split(PATTERNS.words, 'Removed', true), byteLevel(false)) },
  ],
  ['GPT-2: the pattern of ByteLevel itself', { preTokenizer: byteLevel(true) }],
  [
    'digits by themselves before the pattern of ByteLevel',
    { preTokenizer: sequence(split(String.raw`\p{N}`), byteLevel(true)) },
  ],
];

describe.each(FAMILIES)('%s', { timeout: TIMEOUT_MS }, (_name, options) => {
  const source = bufferOf(syntheticFile(options));
  const counter = counterOfFile('synthetic', source);
  const reference = new HuggingFaceCounter('reference', parseTokenizerFile(source));

  it('is counted by the engine with the ids of the reference', () => {
    expect(counter).toBeInstanceOf(Encoding);
    for (const text of sampleTexts()) {
      expect([text, ...counter.encode(text)]).toEqual([text, ...reference.encode(text)]);
    }
  });

  it('has these ids for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        expect(counter.encode(text)).toEqual(reference.encode(text));
      }),
      { numRuns: 300 },
    );
  });
});

const LLAMA = sequence(split(PATTERNS.letters3), byteLevel(false));
const trained = syntheticFile({ preTokenizer: LLAMA });
const withModel = (model: object) => syntheticFile({ preTokenizer: LLAMA, model });
const withSplit = (preTokenizer: object | null) => syntheticFile({ preTokenizer });

describe('Digits', () => {
  it.each([true, false])('with individual_digits %s split before the rest', (individual) => {
    const digits = { type: 'Digits', individual_digits: individual };
    const source = bufferOf(withSplit(sequence(digits, byteLevel(true))));
    const counter = counterOfFile('digits', source);
    const reference = new HuggingFaceCounter('reference', parseTokenizerFile(source));
    const texts = sampleTexts().filter((text) => !/[^\P{N}0-9]/u.test(text));
    expect(counter).toBeInstanceOf(Encoding);
    for (const text of texts) expect(counter.encode(text)).toEqual(reference.encode(text));
  });
});

describe('a token that no merge makes', () => {
  const { vocab, merges } = trained.model;
  const more = { ...vocab, zqxj: 5000 };

  it('is left out where pieces are always merged', () => {
    const counter = counterOfFile('unmade', bufferOf(withModel({ vocab: more })));
    const reference = new HuggingFaceCounter('reference', withModel({ vocab: more }));
    expect(counter.encode('zqxj zqxj')).toEqual(reference.encode('zqxj zqxj'));
    expect(counter.encode('zqxj')).not.toContain(5000);
  });

  it('counts as a whole piece where pieces are looked up first', () => {
    const file = withModel({ vocab: more, ignore_merges: true });
    const counter = counterOfFile('unmade', bufferOf(file));
    expect(counter).toBeInstanceOf(Encoding);
    expect(counter.encode('zqxj')).toEqual([5000]);
    expect(counter.encode('azqxj')).toEqual(new HuggingFaceCounter('', file).encode('azqxj'));
  });

  it('goes to the slow counter where the engine would merge it and the file does not', () => {
    const pairs = merges as [string, string][];
    const file = withModel({ merges: pairs.slice(0, -1), ignore_merges: true });
    expect(counterOfFile('unlisted', bufferOf(file)).slow).toBe(true);
  });
});

const UNSUPPORTED: readonly (readonly [what: string, file: object])[] = [
  ['bytes as tokens of their own', withModel({ byte_fallback: true })],
  ['merges left to chance', withModel({ dropout: 0.1 })],
  ['marks at the end of words', withModel({ end_of_word_suffix: '</w>' })],
  ['a normaliser that is not NFC', { ...trained, normalizer: { type: 'NFKC' } }],
  ['no byte-level step', withSplit(split(PATTERNS.letters3))],
  ['a blank put before the text', withSplit({ ...byteLevel(true), add_prefix_space: true })],
  ['a pattern nobody knows', withSplit(sequence(split('(a+)+$'), byteLevel(false)))],
  ['a split after ByteLevel', withSplit(sequence(byteLevel(false), split(PATTERNS.letters3)))],
  ['matches removed', withSplit(sequence(split(PATTERNS.letters3, 'Removed'), byteLevel(false)))],
  ['two patterns for a whole text', withSplit(sequence(split(PATTERNS.letters3), byteLevel(true)))],
  ['merges out of order', withModel({ merges: [...trained.model.merges].reverse() })],
];

describe('a file with', () => {
  it.each(UNSUPPORTED)('%s is not for the engine', (_what, file) => {
    expect(counterOfFile('other', bufferOf(file)).slow).toBe(true);
  });
});

const INVALID: readonly (readonly [what: string, file: object | string])[] = [
  ['no JSON', '{'],
  ['no object', '[]'],
  ['no model', {}],
  ['no vocabulary', withModel({ vocab: null })],
  ['an empty vocabulary', withModel({ vocab: {} })],
  ['an id below 0', withModel({ vocab: { ...trained.model.vocab, zz: -1 } })],
  ['an id beyond all bounds', withModel({ vocab: { ...trained.model.vocab, zz: 2 ** 31 } })],
  ['an id that is no number', withModel({ vocab: { ...trained.model.vocab, zz: '7' } })],
  ['two tokens of one id', withModel({ vocab: { ...trained.model.vocab, zz: 7 } })],
  ['an endless token', withModel({ vocab: { ...trained.model.vocab, ['z'.repeat(2000)]: 9000 } })],
  ['no merges', withModel({ merges: null })],
  ['a merge of three', withModel({ merges: [['a', 'b', 'c']] })],
  ['a merge that is no pair', withModel({ merges: [7] })],
  ['a merge of what is no token', withModel({ merges: [['zq', 'xj']] })],
  ['added tokens without content', { ...trained, added_tokens: [7] }],
];

describe('a broken file', () => {
  it.each(INVALID)('with %s is refused', (_what, file) => {
    const source = typeof file === 'string' ? Buffer.from(file) : bufferOf(file);
    expect(() => counterOfFile('broken', source)).toThrow(VocabularyError);
  });

  it('beyond the size limit is not parsed', () => {
    expect(() => parseTokenizerFile(Buffer.alloc(MAX_FILE_BYTES + 1))).toThrow(/larger/);
  });

  it('cannot reach prototypes', () => {
    const text = JSON.stringify(trained).replace('"vocab":{', '"vocab":{"__proto__":9000,');
    expect(counterOfFile('names', Buffer.from(text)).count('__proto__').tokens).toBeGreaterThan(1);
    expect({}).not.toHaveProperty('9000');
  });

  it('nested a hundred thousand levels deep is refused and does not overflow', () => {
    const deep = `{"model": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect(() => counterOfFile('deep', Buffer.from(deep))).toThrow(VocabularyError);
  });
});
