/**
 * One encoding: normalise, split, merge, count.
 *
 * Approach: text is walked piece by piece. A piece that is a token as it stands costs one look-up
 * in the rank table; others are looked up in a bounded cache, then merged. No piece, byte array or
 * id is allocated on the counting path.
 * Special tokens (`<|endoftext|>` …) are text: what a user types is never a control token.
 * Rejected: tiktoken's `encode(text).length`, quadratic on long pieces and an array per call.
 */
import { BytePairMerger } from './byte-pair-merger.js';
import { PairTable } from './pair-table.js';
import { CACHED_BYTES, PieceCache } from './piece-cache.js';
import { mergeRounds, newMerging, type Merging } from './piece-merger.js';
import type { PieceSplitter } from './piece-splitter.js';
import { hashOfBytes, NO_RANK, type RankTable } from './rank-table.js';
import { TokenTrail } from './token-trail.js';
import { writeUtf8 } from './utf8.writer.js';

/** UTF-16 units counted between two pauses: a millisecond at most. */
const SLICE_UNITS = 16_384;
/** What a text costs besides its length. */
const PER_TEXT_UNITS = 8;

const BYTES_PER_UNIT = 3;
const SMALL_PIECE_UNITS = 1024;
/** Above this many bytes a piece is merged window by window, see `TokenTrail`. */
const SHORT_PIECE_BYTES = 160;

export interface EncodingParts {
  name: string;
  ranks: RankTable;
  split: PieceSplitter;
  /** Whether the model's tokenizer composes its input (NFC) first. */
  composes: boolean;
  /** Made by `makePairs` when absent. */
  pairs?: PairTable | null;
}

export interface TextCount {
  tokens: number;
  /** An encoding counts exactly; other ways of counting may not. */
  exact: boolean;
}

export class Encoding {
  readonly name: string;
  readonly composes: boolean;
  readonly split: PieceSplitter;
  private readonly ranks: RankTable;
  private readonly heap: BytePairMerger;
  /** Null for a vocabulary that only the heap merges rightly. */
  private readonly merging: Merging | null;
  private readonly cache = new PieceCache();
  private readonly smallBytes = new Uint8Array(SMALL_PIECE_UNITS * BYTES_PER_UNIT);
  /** Bytes merged so far, a measure of work that needs no clock. */
  steps = 0;

  constructor({ name, ranks, split, composes, pairs }: EncodingParts) {
    this.name = name;
    this.composes = composes;
    this.split = split;
    this.ranks = ranks;
    this.heap = new BytePairMerger(ranks);
    const known = pairs === undefined ? makePairs(ranks) : pairs;
    this.merging = known === null ? null : newMerging(known);
  }

  /** O(n log n) in the text's length for any text. Lone surrogates count as U+FFFD. */
  count(text: string): TextCount {
    const prepared = this.prepare(text);
    let tokens = 0;
    for (let start = 0, end = 0; start < prepared.length; start = end) {
      end = this.split(prepared, start);
      tokens += this.countPiece(prepared, start, end);
    }
    return { tokens, exact: true };
  }

  /** Counts each text as `count` does, pausing every few milliseconds so that others may run. */
  *countInSlices(texts: Iterable<string>): Generator<void, Map<string, TextCount>> {
    const counts = new Map<string, TextCount>();
    let work = 0;
    for (const text of texts) {
      const isShort = text.length <= SLICE_UNITS;
      counts.set(text, isShort ? this.count(text) : yield* this.countLong(text));
      work += isShort ? text.length + PER_TEXT_UNITS : 0;
      if (work < SLICE_UNITS) continue;
      work = 0;
      yield;
    }
    return counts;
  }

  private *countLong(text: string): Generator<void, TextCount> {
    const prepared = this.prepare(text);
    let tokens = 0;
    let pausedAt = 0;
    for (let start = 0, end = 0; start < prepared.length; start = end) {
      end = this.split(prepared, start);
      tokens +=
        end - start > SLICE_UNITS
          ? yield* this.countLongPiece(prepared, start, end)
          : this.countPiece(prepared, start, end);
      if (end - pausedAt < SLICE_UNITS) continue;
      pausedAt = end;
      yield;
    }
    return { tokens, exact: true };
  }

  private *countLongPiece(text: string, start: number, end: number): Generator<void, number> {
    const bytes = this.bytesFor(end - start);
    const size = writeUtf8(text, start, end, bytes);
    const trail = this.newTrail();
    for (let to = 0; to < size; yield) {
      to = Math.min(size, to + SLICE_UNITS);
      trail.extend(bytes, to);
    }
    this.steps += trail.steps;
    return trail.count;
  }

  /** The token ids, for comparison with reference tokenizers. */
  encode(text: string): number[] {
    const prepared = this.prepare(text);
    const ids: number[] = [];
    for (let start = 0, end = 0; start < prepared.length; start = end) {
      end = this.split(prepared, start);
      const bytes = this.bytesFor(end - start);
      this.appendIds(bytes, writeUtf8(prepared, start, end, bytes), ids);
    }
    return ids;
  }

  /** For a piece that grows, or is too long to be merged at once. */
  newTrail(): TokenTrail {
    const { ranks, merging, heap } = this;
    return new TokenTrail({ ranks, merging, heap });
  }

  /** Tokens of one piece, `text[start, end)`, as the splitter cut it; well-formed and composed. */
  countPiece(text: string, start: number, end: number): number {
    const units = end - start;
    const bytes = units <= SMALL_PIECE_UNITS ? this.smallBytes : this.bytesFor(units);
    const size = writeUtf8(text, start, end, bytes);
    if (size === 1) return 1;
    if (size === 2) {
      return this.ranks.rankOfPair(bytes[0] as number, bytes[1] as number) === NO_RANK ? 2 : 1;
    }
    if (size > CACHED_BYTES) return this.countMerged(bytes, size);
    const hash = hashOfBytes(bytes, 0, size);
    if (this.ranks.rankOfHashed(bytes, 0, size, hash) !== NO_RANK) return 1;
    const known = this.cache.get(bytes, size, hash);
    if (known > 0) return known;
    const tokens = this.countMerged(bytes, size);
    this.cache.set(bytes, size, hash, tokens);
    return tokens;
  }

  private countMerged(bytes: Uint8Array, size: number): number {
    if (size <= this.ranks.longest && this.ranks.rankOf(bytes, 0, size) !== NO_RANK) return 1;
    if (this.merging === null) return this.heap.merge(bytes, size, null);
    if (size <= SHORT_PIECE_BYTES) {
      this.steps += size;
      return mergeRounds(this.merging, bytes, 0, size);
    }
    const trail = this.newTrail();
    trail.extend(bytes, size);
    this.steps += trail.steps;
    return trail.count;
  }

  private appendIds(bytes: Uint8Array, size: number, ids: number[]): void {
    const rank = this.ranks.rankOf(bytes, 0, size);
    if (rank !== NO_RANK) {
      ids.push(rank);
      return;
    }
    const trail = this.newTrail();
    trail.extend(bytes, size);
    trail.appendIds(bytes, ids);
  }

  /** Well-formed, and composed where the model wants it: what is split. */
  prepare(text: string): string {
    const wellFormed = text.toWellFormed();
    return this.composes ? wellFormed.normalize('NFC') : wellFormed;
  }

  private bytesFor(units: number): Uint8Array {
    return units <= SMALL_PIECE_UNITS ? this.smallBytes : new Uint8Array(units * BYTES_PER_UNIT);
  }
}

/** What merges into what, found out from the ranks: some 50 ms for 200,000 of them. */
export function makePairs(ranks: RankTable): PairTable | null {
  const heap = new BytePairMerger(ranks);
  const isReachable = (token: Uint8Array) => heap.merge(token, token.length, null) === 1;
  return PairTable.of(ranks, isReachable);
}
