/** Ids and counts against tiktoken (WASM) and against published tokenizer files. */
import fc from 'fast-check';
import { get_encoding, Tiktoken } from 'tiktoken';
import { describe, expect, it } from 'vitest';
import { ENCODING_NAMES, loadEncoding, type EncodingName } from './encoding.registry.js';
import { readPackedVocabulary } from './vocabulary.reader.js';

const QWEN_PATTERN =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** tiktoken's own merge over Qwen's ranks and pattern. */
function qwenReference(): (text: string) => Uint32Array {
  const ranks = readPackedVocabulary('qwen2');
  const tokens = Array.from({ length: ranks.size }, (_, rank) =>
    Buffer.from(ranks.bytesOf(rank)).toString('base64'),
  );
  const reference = new Tiktoken(`! 0 ${tokens.join(' ')}`, {}, QWEN_PATTERN);
  return (text) => reference.encode_ordinary(text.toWellFormed().normalize('NFC'));
}

function referenceOf(name: EncodingName): (text: string) => Uint32Array {
  if (name === 'qwen2') return qwenReference();
  const reference = get_encoding(name);
  return (text) => reference.encode_ordinary(text);
}

const references = new Map(ENCODING_NAMES.map((name) => [name, referenceOf(name)]));

function expectSameAsReference(name: EncodingName, text: string): void {
  const ids = Array.from(references.get(name)?.(text) ?? []);
  const encoding = loadEncoding(name);
  expect(encoding.encode(text)).toEqual(ids);
  expect(encoding.count(text)).toEqual({ tokens: ids.length, exact: true });
}

const CORPUS: Readonly<Record<string, string>> = {
  nothing: '',
  English: "The quick brown fox can't jump over the lazy dog's back; they'll try: 3,141.59 times!",
  'English capitals': "I'M SURE WE'LL SEE McDonald's HTTPServer XMLHttpRequest",
  Chinese: '今天天气很好，我们去公园散步吧。量子计算机能够解决经典计算机无法解决的问题',
  Japanese: '東京都の人口は約1400万人です。カタカナとひらがなー、漢字を混ぜて書きます',
  Korean: '안녕하세요, 만나서 반갑습니다',
  Arabic: 'مرحبا بالعالم، كيفَ حالُك؟ ١٢٣٤',
  Hindi: 'नमस्ते दुनिया क्षत्रिय',
  code: 'export function f(x: number): string {\n\treturn `${x * 2}`; // twice\n}\n\n\nf(12345);\r\n',
  JSON: '{"a":[1,2.5,-3e10,null,true],"key with space":{"b":"\\u00fc\\n"}}',
  path: 'https://example.com/a/b//c?x=1&y=%20#z\n/etc/passwd\n//',
  'emoji with joiners': '👩‍👩‍👧‍👦👍🏽🇩🇪 1️⃣ ❤️‍🔥',
  'whitespace runs': ' \t \n  \r\n\r\n   x  \u00a0\u3000 y\u0085\u2028 \ufeff ',
  'combining marks': 'cafe\u0301 Z\u0300\u0301\u0302a\u0334l\u0335g\u0336o \u0301',
  digits: '1 12 123 1234 12345 ٣٤٥ Ⅷ ² ½',
  'contractions in every case': "'s 'S 'ſ 'LL 'll 'Re 'vE 'x '' 's's don'T",
  'control bytes': '\u0000\u0001\u007f\u009f',
  'title and modifier letters': 'ǅ ʰ ª ʕ ſ İI ıi',
  'letters newer than the references': '\u088f\u{323b1}a',
  'special tokens': '<|endoftext|><|im_start|>user<|fim_prefix|><|endofprompt|>',
  'lone surrogates': 'a\ud800b\udc00\ud83d',
};

const fragments = fc.constantFrom(
  ...['a', 'B', 'é', 'É', "'", "'s", "'LL", ' ', '  ', '\n', '\r\n', '\t', '\u00a0', '\u200d'],
  ...['12', '٣', '漢', 'か', '한', 'ǅ', 'ʰ', '\u0301', '!', '/', '#', '👩', '🏽', 'ا', '\ud800'],
  ...[' the', 'The', 'ING', '<|endoftext|>', '{"', '":', '==', '𝅘𝅥𝅮', 'ﬁ', '\u3000', '\u0085'],
);
const mixtures = fc.array(fragments, { maxLength: 30 }).map((parts) => parts.join(''));

/** For the reference's start and a busy machine. */
const TIMEOUT_MS = 30_000;

describe.each(ENCODING_NAMES)('%s', { timeout: TIMEOUT_MS }, (name) => {
  it.each(Object.entries(CORPUS))('gives the ids of the reference for %s', (_kind, text) => {
    expectSameAsReference(name, text);
  });

  it('gives the ids of the reference for mixtures of everything', () => {
    fc.assert(
      fc.property(mixtures, (text) => expectSameAsReference(name, text)),
      { numRuns: 500 },
    );
  });

  it('gives the ids of the reference for random strings', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) =>
        expectSameAsReference(name, text),
      ),
      { numRuns: 300 },
    );
  });

  it('never counts more tokens than UTF-8 bytes', () => {
    fc.assert(
      fc.property(mixtures, (text) => {
        const given = name === 'qwen2' ? text.normalize('NFC') : text;
        expect(loadEncoding(name).count(text).tokens).toBeLessThanOrEqual(Buffer.byteLength(given));
      }),
      { numRuns: 200 },
    );
  });
});

/** Made with @huggingface/tokenizers from the tokenizer.json of Qwen3-8B. */
const QWEN3_IDS: readonly (readonly [text: string, ids: readonly number[]])[] = [
  ['你好', [108386]],
  ['Hello, my dog is cute', [9707, 11, 847, 5562, 374, 18838]],
  ['你好，世界！今天天气怎么样？', [108386, 3837, 99489, 6313, 100644, 104307, 104472, 11319]],
  ['東京は日本の首都です。', [102356, 46553, 15322, 131888, 106114, 37541, 1773]],
  ['مرحبا بالعالم', [124122, 29825, 124671, 124476, 129634]],
  [
    'const x = [1, 2, 3].map((n) => n * 2);\n',
    [
      1024, 856, 284, 508, 16, 11, 220, 17, 11, 220, 18, 936, 2186, 1188, 77, 8, 589, 308, 353, 220,
      17, 317,
    ],
  ],
  [
    '{"a":[1,2.5,null],"b":"ü"}',
    [4913, 64, 8899, 16, 11, 17, 13, 20, 23075, 28503, 65, 3252, 2391, 9207],
  ],
  ['1234567890', [16, 17, 18, 19, 20, 21, 22, 23, 24, 15]],
  ['👩‍👩‍👧‍👦 👍🏽', [145233, 378, 235, 145233, 378, 235, 145665, 378, 235, 145988, 61804, 235, 145375]],
  ['   \n\n  x  ', [33933, 220, 856, 256]],
  ['café Å', [924, 58858, 79252]],
  ["I'LL don't WE'RE", [40, 6, 4086, 1513, 944, 19677, 94153]],
  [
    '<|im_start|>user<|endoftext|>',
    [27, 91, 318, 4906, 91, 29, 872, 27, 91, 8691, 723, 427, 91, 29],
  ],
];

describe('Qwen3', () => {
  it.each(QWEN3_IDS)('encodes %j as its published tokenizer does', (text, ids) => {
    expect(loadEncoding('qwen2').encode(text)).toEqual(ids);
  });
});
