/**
 * Reads `tokenizer.json` files of Hugging Face's `tokenizers`, which come from anywhere.
 *
 * Approach: what the converter uses is checked field by field and copied out of the parsed JSON;
 * names from the file become keys of Maps only, so `__proto__` is a token like others.
 * Rejected: a schema library over 300,000 merges, which takes longer than converting them.
 *
 * Source: huggingface/tokenizers, `tokenizers/src/tokenizer/serialization.rs` and
 * `tokenizers/src/models/bpe/serialization.rs`.
 */
import { isRecord } from './chat.types.js';
import { invalid, unsupported } from './vocabulary-error.js';

export const MAX_FILE_BYTES = 64 * 1_048_576;
/** The largest known vocabularies have 262,144 tokens; ids size the rank table. */
export const MAX_TOKENS = 1_000_000;
const MAX_MERGES = 4_000_000;
const MAX_TOKEN_UNITS = 1024;

type Json = Readonly<Record<string, unknown>>;

/** A byte-level BPE model as the file holds it; tokens are still in its byte alphabet. */
export interface BpeFile {
  vocabulary: ReadonlyMap<string, number>;
  merges: readonly (readonly [left: string, right: string])[];
  /** Whether a piece that is a token as it stands is taken without merging. */
  ignoresMerges: boolean;
  /** Texts that are cut out before anything else; control tokens mostly. */
  addedTokens: ReadonlySet<string>;
  normalizer: unknown;
  preTokenizer: unknown;
}

/** Throws a VocabularyError of kind `invalid` for what is no JSON object of tolerable size. */
export function parseTokenizerFile(file: Buffer): Json {
  if (file.length > MAX_FILE_BYTES) throw invalid(`is larger than ${MAX_FILE_BYTES} bytes`);
  const parsed = parseJson(file);
  if (!isRecord(parsed)) throw invalid('is no JSON object');
  return parsed;
}

function parseJson(file: Buffer): unknown {
  try {
    return JSON.parse(file.toString('utf8')) as unknown;
  } catch {
    throw invalid('is not JSON');
  }
}

/** Throws a VocabularyError: `invalid` where the file contradicts itself, else `unsupported`. */
export function readBpeFile(file: Json): BpeFile {
  const model = file['model'];
  if (!isRecord(model)) throw invalid('has no model');
  checkModel(model);
  const vocabulary = readVocabulary(model['vocab']);
  return {
    vocabulary,
    merges: readMerges(model['merges'], vocabulary),
    ignoresMerges: model['ignore_merges'] === true,
    addedTokens: readAddedTokens(file['added_tokens']),
    normalizer: file['normalizer'] ?? null,
    preTokenizer: file['pre_tokenizer'] ?? null,
  };
}

function checkModel(model: Json): void {
  const { type } = model;
  if (type !== undefined && type !== 'BPE') {
    throw unsupported(`the model is ${JSON.stringify(type)}, not BPE`);
  }
  if (model['byte_fallback'] === true) throw unsupported('byte_fallback: is not byte-level');
  if ((model['dropout'] ?? 0) !== 0) throw unsupported('dropout makes tokens a matter of chance');
  for (const affix of ['continuing_subword_prefix', 'end_of_word_suffix']) {
    if ((model[affix] ?? '') !== '') throw unsupported(`${affix}: is not byte-level`);
  }
}

function readVocabulary(given: unknown): Map<string, number> {
  if (!isRecord(given)) throw invalid('model.vocab is no object');
  const entries = Object.entries(given);
  if (entries.length === 0 || entries.length > MAX_TOKENS) {
    throw invalid(`model.vocab has ${entries.length} tokens; 1 to ${MAX_TOKENS} are allowed`);
  }
  const vocabulary = new Map<string, number>();
  const ids = new Set<number>();
  for (const [token, id] of entries) {
    if (!isId(id)) throw invalid(`the id of ${shown(token)} is not from 0 to ${MAX_TOKENS}`);
    if (ids.has(id)) throw invalid(`two tokens have the id ${id}`);
    if (token === '' || token.length > MAX_TOKEN_UNITS) {
      throw invalid(`token ${id} has ${token.length} characters`);
    }
    ids.add(id);
    vocabulary.set(token, id);
  }
  return vocabulary;
}

function isId(id: unknown): id is number {
  return typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= MAX_TOKENS;
}

function readMerges(given: unknown, vocabulary: ReadonlyMap<string, number>): [string, string][] {
  if (!Array.isArray(given)) throw invalid('model.merges is no list');
  if (given.length > MAX_MERGES) throw invalid(`model.merges has more than ${MAX_MERGES} entries`);
  return given.map((merge, index) => {
    const pair = pairOf(merge);
    if (pair === null) throw invalid(`merge ${index} is not a pair`);
    for (const token of [...pair, pair[0] + pair[1]]) {
      if (!vocabulary.has(token)) throw invalid(`merge ${index}: ${shown(token)} is no token`);
    }
    return pair;
  });
}

/** Older files write a pair as one text with a blank between; no byte-level token holds a blank. */
function pairOf(merge: unknown): [string, string] | null {
  const parts: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
  if (!Array.isArray(parts) || parts.length !== 2) return null;
  const [left, right] = parts as unknown[];
  return typeof left === 'string' && typeof right === 'string' ? [left, right] : null;
}

function readAddedTokens(given: unknown): Set<string> {
  if (given === undefined || given === null) return new Set();
  if (!Array.isArray(given) || given.length > MAX_TOKENS) throw invalid('added_tokens is no list');
  return new Set(
    given.map((token: unknown, index) => {
      const content = isRecord(token) ? token['content'] : undefined;
      if (typeof content !== 'string') throw invalid(`added token ${index} has no content`);
      return content;
    }),
  );
}

function shown(token: string): string {
  return JSON.stringify(token.slice(0, 40));
}
