/**
 * Turns a byte-level BPE `tokenizer.json` into the engine's vocabulary: bytes by rank.
 *
 * Approach: the engine merges two parts whenever their bytes are a token, lowest id first; the file
 * merges listed pairs in the order of its list. Both make the same tokens of every text when (1)
 * the list is ordered by the id of what its merges make, and (2) every token, merged from its bytes
 * with lower tokens only, ends in two parts that are a listed pair. For if two parts A and B are
 * ever neighbours and AB is a token, then merging AB by itself has these two parts as well, and (2)
 * says that their pair is listed. A token that no merge ends in is left out where pieces are always
 * merged (the file never makes it), and kept where whole pieces are looked up first.
 * Rejected: trusting the order of ids, which holds for the known families and is not theirs to
 * promise; merging by listed pairs in the engine, which takes three times the memory.
 */
import { bytesOfToken, tokenOfBytes } from './byte-alphabet.js';
import type { BpeFile } from './hugging-face-file.js';
import { composesText, splitPatterns } from './hugging-face-splits.js';
import { NO_RANK, RankTable } from './rank-table.js';
import { invalid, unsupported } from './vocabulary-error.js';

/** Longer than any token of a known vocabulary; bounds the work of checking one. */
const MAX_TOKEN_BYTES = 255;
const MAX_VOCABULARY_BYTES = 32 * 1_048_576;

export interface Vocabulary {
  /** Bytes of each token by rank, which is its id; empty for a gap. */
  tokens: readonly Uint8Array[];
  /** Patterns that `splitterOf` knows, in the order in which they are applied. */
  splits: readonly string[];
  /** Whether text is composed (NFC) first. */
  composes: boolean;
}

const GAP = new Uint8Array();

/** Throws a VocabularyError. A second for 150,000 tokens. */
export function convertVocabulary(file: BpeFile): Vocabulary {
  const composes = composesText(file.normalizer);
  const splits = splitPatterns(file.preTokenizer);
  checkOrder(file);
  const tokens = tokensByRank(file);
  checkBytes(tokens);
  return { tokens: withoutUnmade(tokens, file), splits, composes };
}

function checkOrder({ merges, vocabulary }: BpeFile): void {
  let last = 0;
  for (const [index, [left, right]] of merges.entries()) {
    const made = vocabulary.get(left + right) as number;
    if (made < last) throw unsupported(`merge ${index} is not in the order of the ids`);
    last = made;
  }
}

function tokensByRank({ vocabulary, addedTokens }: BpeFile): Uint8Array[] {
  const highest = [...vocabulary.values()].reduce((high, id) => Math.max(high, id), 0);
  const tokens = new Array<Uint8Array>(highest + 1).fill(GAP);
  let size = 0;
  for (const [token, id] of vocabulary) {
    if (addedTokens.has(token)) continue;
    const bytes = bytesOfToken(token);
    if (bytes === null) throw unsupported(`token ${id} is not byte-level`);
    if (bytes.length > MAX_TOKEN_BYTES) throw unsupported(`token ${id} is too long`);
    size += bytes.length;
    if (size > MAX_VOCABULARY_BYTES) throw invalid('has too many bytes of tokens');
    tokens[id] = bytes;
  }
  return tokens;
}

/** UTF-8 never uses 0xc0, 0xc1 and 0xf5 to 0xff. */
function isByteOfUtf8(byte: number): boolean {
  return byte < 0xf5 && byte !== 0xc0 && byte !== 0xc1;
}

function checkBytes(tokens: readonly Uint8Array[]): void {
  const present = new Set(tokens.filter(({ length }) => length === 1).map(([byte]) => byte));
  for (let byte = 0; byte < 256; byte++) {
    if (isByteOfUtf8(byte) && !present.has(byte)) {
      throw unsupported(`byte ${byte} is no token, so some texts have none`);
    }
  }
}

/** Leaves out the tokens that the file's own merges never make; see above. */
function withoutUnmade(tokens: readonly Uint8Array[], file: BpeFile): Uint8Array[] {
  const pairs = new Set(file.merges.map(([left, right]) => `${left} ${right}`));
  const table = rankTableOf(tokens);
  return tokens.map((token, rank) => {
    if (token.length < 2) return token;
    const parts = partsBelow(token, rank, table);
    const [left, right] = parts.map(tokenOfBytes);
    const isListed = parts.length === 2 && pairs.has(`${left} ${right}`);
    if (isListed || (file.ignoresMerges && parts.length > 2)) return token;
    if (!file.ignoresMerges) return GAP;
    throw unsupported(`token ${rank} is not made by a listed merge`);
  });
}

/** The parts a token is in before its own merge. Quadratic in its length, which is bounded. */
function partsBelow(token: Uint8Array, rank: number, table: RankTable): Uint8Array[] {
  const starts = Array.from({ length: token.length + 1 }, (_, index) => index);
  for (;;) {
    let lowest = rank;
    let place = -1;
    for (let index = 0; index + 2 < starts.length; index++) {
      const made = table.rankOf(token, starts[index] as number, starts[index + 2] as number);
      if (made === NO_RANK || made >= lowest) continue;
      lowest = made;
      place = index;
    }
    if (place === -1) break;
    starts.splice(place + 1, 1);
  }
  return starts.slice(1).map((end, index) => token.subarray(starts[index], end));
}

export function rankTableOf(tokens: readonly Uint8Array[]): RankTable {
  const offsets = new Uint32Array(tokens.length + 1);
  for (const [rank, { length }] of tokens.entries()) {
    offsets[rank + 1] = (offsets[rank] as number) + length;
  }
  return new RankTable(Buffer.concat(tokens), offsets);
}
