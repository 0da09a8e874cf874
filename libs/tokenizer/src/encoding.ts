/**
 * One encoding: normalise, split, merge, count.
 *
 * Approach: text is walked piece by piece. A piece that is a token as it stands costs one look-up
 * in the rank table; other short pieces are looked up in a bounded cache; the rest is merged. No
 * piece, byte array or id is allocated on the counting path beyond the keys of that cache.
 * Special tokens (`<|endoftext|>` …) are text: what a user types is never a control token.
 * Rejected: tiktoken's `encode(text).length`, quadratic on long pieces and an array per call.
 */
import { BytePairMerger } from './byte-pair-merger.js';
import type { PieceSplitter } from './piece-splitter.js';
import { NO_RANK, type RankTable } from './rank-table.js';
import { writeUtf8 } from './utf8.writer.js';

/**
 * Longest piece that is merged as one, UTF-16 units. A longer one (no text has such a word) is cut
 * here so that memory stays bounded; its count may then be off by a few tokens per cut.
 */
export const MAX_PIECE_UNITS = 2 ** 20;

/** Only short pieces are cached; below 13 units V8 copies a substring, so keys pin no text. */
const CACHED_PIECE_UNITS = 12;
const CACHED_PIECES = 50_000;

/** UTF-16 units counted, or merge steps taken, between two pauses: two or three milliseconds. */
const SLICE_UNITS = 8192;
/** What a text costs besides its length. */
const PER_TEXT_UNITS = 8;

const BYTES_PER_UNIT = 3;
const SMALL_PIECE_UNITS = 1024;

export interface EncodingParts {
  name: string;
  ranks: RankTable;
  split: PieceSplitter;
  /** Whether the model's tokenizer composes its input (NFC) first. */
  composes: boolean;
}

export interface TextCount {
  tokens: number;
  /** False where a piece was longer than `MAX_PIECE_UNITS`. */
  exact: boolean;
}

export class Encoding {
  readonly name: string;
  private readonly merger: BytePairMerger;
  private readonly cache = new Map<string, number>();
  private readonly smallBytes = new Uint8Array(SMALL_PIECE_UNITS * BYTES_PER_UNIT);

  constructor(private readonly parts: EncodingParts) {
    this.name = parts.name;
    this.merger = new BytePairMerger(parts.ranks);
  }

  /** Merge steps taken so far, a measure of work that needs no clock. */
  get steps(): number {
    return this.merger.steps;
  }

  /** O(n log n) in the text's length for any text. Lone surrogates count as U+FFFD. */
  count(text: string): TextCount {
    const prepared = this.prepare(text);
    let tokens = 0;
    let exact = true;
    for (let start = 0, end = 0; start < prepared.length; start = end) {
      end = this.parts.split(prepared, start);
      if (end - start > MAX_PIECE_UNITS) exact = false;
      tokens += this.countPiece(prepared, start, end);
    }
    return { tokens, exact };
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
    let exact = true;
    let pausedAt = 0;
    for (let start = 0, end = 0; start < prepared.length; start = end) {
      end = this.parts.split(prepared, start);
      if (end - start > MAX_PIECE_UNITS) exact = false;
      tokens +=
        end - start > SLICE_UNITS
          ? yield* this.mergeLongPiece(prepared, start, end)
          : this.countPiece(prepared, start, end);
      if (end - pausedAt < SLICE_UNITS) continue;
      pausedAt = end;
      yield;
    }
    return { tokens, exact };
  }

  private *mergeLongPiece(text: string, start: number, end: number): Generator<void, number> {
    const merger = new BytePairMerger(this.parts.ranks);
    let tokens = 0;
    for (let from = start, to = start; from < end; from = to) {
      to = cutBefore(text, Math.min(end, from + MAX_PIECE_UNITS));
      const bytes = new Uint8Array((to - from) * BYTES_PER_UNIT);
      const size = writeUtf8(text, from, to, bytes);
      tokens += yield* merger.mergeInSlices(bytes, size, SLICE_UNITS);
    }
    return tokens;
  }

  /** The token ids, for comparison with reference tokenizers. */
  encode(text: string): number[] {
    const prepared = this.prepare(text);
    const ids: number[] = [];
    for (let start = 0, end = 0; start < prepared.length; start = end) {
      end = this.parts.split(prepared, start);
      this.mergePiece(prepared, start, end, ids);
    }
    return ids;
  }

  private prepare(text: string): string {
    const wellFormed = text.toWellFormed();
    return this.parts.composes ? wellFormed.normalize('NFC') : wellFormed;
  }

  private countPiece(text: string, start: number, end: number): number {
    if (end - start > CACHED_PIECE_UNITS) return this.mergePiece(text, start, end, null);
    const size = writeUtf8(text, start, end, this.smallBytes);
    if (this.isToken(this.smallBytes, size)) return 1;
    const piece = text.slice(start, end);
    const known = this.cache.get(piece);
    if (known !== undefined) return known;
    const tokens = this.merger.merge(this.smallBytes, size, null);
    if (this.cache.size >= CACHED_PIECES) this.cache.clear();
    this.cache.set(piece, tokens);
    return tokens;
  }

  private mergePiece(text: string, start: number, end: number, ids: number[] | null): number {
    let tokens = 0;
    for (let from = start, to = start; from < end; from = to) {
      to = cutBefore(text, Math.min(end, from + MAX_PIECE_UNITS));
      const bytes = this.bytesFor(to - from);
      const size = writeUtf8(text, from, to, bytes);
      tokens += this.mergeBytes(bytes, size, ids);
    }
    return tokens;
  }

  private mergeBytes(bytes: Uint8Array, size: number, ids: number[] | null): number {
    const rank = size === 1 ? NO_RANK : this.parts.ranks.rankOf(bytes, 0, size);
    if (rank === NO_RANK) return this.merger.merge(bytes, size, ids);
    ids?.push(rank);
    return 1;
  }

  private isToken(bytes: Uint8Array, size: number): boolean {
    return size === 1 || this.parts.ranks.rankOf(bytes, 0, size) !== NO_RANK;
  }

  private bytesFor(units: number): Uint8Array {
    return units <= SMALL_PIECE_UNITS ? this.smallBytes : new Uint8Array(units * BYTES_PER_UNIT);
  }
}

/** Steps back from the middle of a surrogate pair. */
function cutBefore(text: string, offset: number): number {
  const unit = text.charCodeAt(offset);
  return unit >= 0xdc00 && unit < 0xe000 ? offset - 1 : offset;
}
