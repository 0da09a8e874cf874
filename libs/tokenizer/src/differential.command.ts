/**
 * `node libs/tokenizer/dist/differential.command.js [strings] [seed]`: compares ids and counts with
 * tiktoken's on random mixtures, by every encoding of OpenAI's in turn, and counts each as a stream
 * too. Ends with code 1 at the first difference, which it prints.
 */
import { get_encoding } from 'tiktoken';
import { loadEncoding } from './encoding.registry.js';
import { IncrementalCounter } from './incremental-counter.js';

const NAMES = ['o200k_base', 'cl100k_base', 'p50k_base', 'r50k_base'] as const;
const DEFAULT_STRINGS = 1_000_000;
const MAX_FRAGMENTS = 24;
const MAX_DELTA_UNITS = 9;

const FRAGMENTS = [
  ...[
    'a',
    'B',
    'é',
    'É',
    "'",
    "'s",
    "'LL",
    "'ſ",
    ' ',
    '  ',
    '\n',
    '\r\n',
    '\t',
    '\u00a0',
    '\u200d',
  ],
  ...['12', '٣', '漢', 'か', '한', 'ǅ', 'ʰ', '\u0301', '!', '/', '#', '👩', '🏽', 'ا', '\ud800'],
  ...[' the', 'The', 'ING', '<|endoftext|>', '{"', '":', '==', '𝅘𝅥𝅮', 'ﬁ', '\u3000', '\u0085'],
  ...[
    '今天天气',
    '量子计算机',
    'カタカナ',
    'مرحبا',
    'नमस्ते',
    'function',
    'return',
    '👩‍👩‍👧',
    '\\u00',
    '0x',
  ],
];

const [strings = DEFAULT_STRINGS, seed = 1] = process.argv.slice(2).map(Number);
let state = seed;

/** xorshift: the same strings for the same seed. */
function below(limit: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % limit;
}

function fragment(): string {
  switch (below(8)) {
    case 0:
      return String.fromCodePoint(below(0x110000));
    case 1:
      return String.fromCodePoint(below(0x3000));
    case 2:
      return Buffer.from(Array.from({ length: below(8) }, () => below(256))).toString();
    case 3:
      return (FRAGMENTS[below(FRAGMENTS.length)] ?? '').repeat(1 + below(12));
    default:
      return FRAGMENTS[below(FRAGMENTS.length)] ?? '';
  }
}

function streamed(name: (typeof NAMES)[number], text: string): number {
  const counter = new IncrementalCounter(loadEncoding(name));
  for (let start = 0; start < text.length;) {
    const end = start + 1 + below(MAX_DELTA_UNITS);
    counter.add(text.slice(start, end));
    start = end;
  }
  return counter.end();
}

const references = NAMES.map((name) => get_encoding(name));

for (let turn = 0; turn < strings; turn++) {
  const name = NAMES[turn % NAMES.length] ?? NAMES[0];
  const text = Array.from({ length: below(MAX_FRAGMENTS) }, fragment).join('');
  const expected = references[turn % NAMES.length]?.encode_ordinary(text) ?? new Uint32Array();
  const ids = loadEncoding(name).encode(text);
  const isSame =
    ids.length === expected.length &&
    ids.every((id, index) => id === expected[index]) &&
    loadEncoding(name).count(text).tokens === ids.length &&
    streamed(name, text) === ids.length;
  if (isSame) continue;
  process.stderr.write(`${name} differs on ${JSON.stringify(text)}\n`);
  process.exit(1);
}
process.stdout.write(`${strings} strings (seed ${seed}): the ids and counts of tiktoken\n`);
