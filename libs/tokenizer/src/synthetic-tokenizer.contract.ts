/** Trains small byte-level BPE models and writes them as `tokenizer.json`, always the same ones. */
import { tokenOfBytes } from './byte-alphabet.js';
import { sampleTexts } from './sample-texts.js';

const MERGES = 600;
const PIECE = /[^\s\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+|\s+/gu;

export const PATTERNS = {
  letters3: String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  letters1: String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  words: String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  mistral: String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  deepseek:
    '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+',
} as const;

export const split = (regex: string, behavior = 'Isolated', invert = false) => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior,
  invert,
});
export const byteLevel = (useRegex: boolean) => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: useRegex,
});
export const sequence = (...pretokenizers: object[]) => ({ type: 'Sequence', pretokenizers });

interface Trained {
  tokens: string[];
  merges: [string, string][];
}

let trained: Trained | undefined;

/** Merges the most frequent pair again and again; ties go to the pair that comes first. */
function train(): Trained {
  if (trained !== undefined) return trained;
  const words = new Map<string, { parts: string[]; count: number }>();
  for (const piece of sampleTexts().flatMap((text) => text.match(PIECE) ?? [])) {
    const word = words.get(piece) ?? {
      parts: Array.from(tokenOfBytes(Buffer.from(piece))),
      count: 0,
    };
    words.set(piece, { ...word, count: word.count + 1 });
  }
  const all = [...words.values()];
  const tokens = Array.from({ length: 256 }, (_, byte) => tokenOfBytes(Uint8Array.of(byte)));
  const merges: [string, string][] = [];
  while (merges.length < MERGES) {
    const pair = mostFrequent(all);
    if (!tokens.includes(pair.join(''))) tokens.push(pair.join(''));
    merges.push(pair);
    for (const word of all) word.parts = mergePair(word.parts, pair);
  }
  trained = { tokens, merges };
  return trained;
}

function mostFrequent(words: readonly { parts: string[]; count: number }[]): [string, string] {
  const counts = new Map<string, number>();
  for (const { parts, count } of words) {
    for (let index = 0; index + 1 < parts.length; index++) {
      const pair = `${parts[index]} ${parts[index + 1]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + count);
    }
  }
  const [best] = [...counts].reduce((high, entry) => (entry[1] > high[1] ? entry : high));
  return best.split(' ') as [string, string];
}

function mergePair(parts: readonly string[], [left, right]: [string, string]): string[] {
  const merged: string[] = [];
  for (let index = 0; index < parts.length; index++) {
    const isPair = parts[index] === left && parts[index + 1] === right;
    merged.push(isPair ? left + right : (parts[index] as string));
    if (isPair) index++;
  }
  return merged;
}

export interface SyntheticOptions {
  preTokenizer: object | null;
  normalizer?: object | null;
  /** Ids below this belong to added tokens. */
  firstId?: number;
  model?: object;
  /** Pairs as `left right` in one text. */
  oldMerges?: boolean;
}

/** A `tokenizer.json` as an object. */
export function syntheticFile(options: SyntheticOptions) {
  const { preTokenizer, normalizer = null, firstId = 0, model = {}, oldMerges = false } = options;
  const { tokens, merges } = train();
  const vocab = Object.fromEntries(tokens.map((token, index) => [token, index + firstId]));
  const added = Array.from({ length: firstId }, (_, id) => ({ id, content: `<|added${id}|>` }));
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added.map((token) => ({ ...token, special: true, normalized: false })),
    normalizer,
    pre_tokenizer: preTokenizer,
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges: oldMerges ? merges.map((pair) => pair.join(' ')) : merges,
      ...model,
    },
  };
}

export const bufferOf = (file: object): Buffer => Buffer.from(JSON.stringify(file));

/** A vocabulary of whole words with scores, which is not byte-level. */
export function unigramFile() {
  const letters = Array.from('abcdefghijklmnopqrstuvwxyz▁').map((letter) => [letter, -5]);
  return {
    version: '1.0',
    added_tokens: [{ id: 0, content: '<unk>', special: true }],
    normalizer: null,
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
    post_processor: null,
    decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' },
    model: {
      type: 'Unigram',
      unk_id: 0,
      vocab: [['<unk>', 0], ['▁hello', -1], ['▁world', -1.5], ...letters],
    },
  };
}
