/**
 * The tokens of a byte sequence that grows: of a piece too long to merge at once, and of the end of
 * a stream.
 *
 * Approach: two facts of byte-pair encoding. Any run of neighbouring tokens is the encoding of its
 * own bytes, since no merge crossed its borders; and two encodings that overlap in one and the same
 * token join into the encoding of all their bytes, since a merge that crossed the joint would have
 * had to happen in one of them. So what is appended is merged together with the last few tokens
 * before it. Where the first of these comes out as it was, all before it stands; otherwise one goes
 * further back. Time per byte is that of merging one short window.
 * Where even the longest window does not meet a token that stays (no vocabulary seen so far does
 * this), all bytes are merged by the heap.
 * Rejected: a heap over the whole sequence (ten times slower on a megabyte, and nothing to continue
 * from); the last token of every prefix by an automaton over all suffixes, which appends as well
 * but takes an automaton of all tokens, four times the memory of the ranks.
 *
 * Source: the corollaries in the README of the `bpe` crate, github.com/github/rust-gems.
 */
import type { BytePairMerger } from './byte-pair-merger.js';
import { MAX_ROUNDS_BYTES, mergeRounds, type Merging } from './piece-merger.js';
import type { RankTable } from './rank-table.js';

/** Appended at a time; longer windows cost more per byte, shorter ones repeat more. */
const WINDOW_BYTES = 32;
/** Tokens merged again with what is appended. */
const TOKENS_BACK = 4;
const BACK_FACTOR = 4;

export interface TrailParts {
  readonly ranks: RankTable;
  /** Null where only the heap merges rightly. */
  readonly merging: Merging | null;
  /** Of no other use while a trail is extended. */
  readonly heap: BytePairMerger;
}

export class TokenTrail {
  /** Where each token begins. */
  private starts = new Int32Array(64);
  private tokens = 0;
  private end = 0;
  /** Bytes merged so far, repetitions included: what a test of the growth of work reads. */
  steps = 0;

  constructor(private readonly parts: TrailParts) {}

  get count(): number {
    return this.tokens;
  }

  /** Bytes that `count` is the count of. */
  get length(): number {
    return this.end;
  }

  /** The same bytes as before, and more of them up to `to`. */
  extend(bytes: Uint8Array, to: number): void {
    while (this.end < to) this.extendOnce(bytes, to);
  }

  /** One step of `extend`, some microseconds long. */
  extendOnce(bytes: Uint8Array, to: number): void {
    const { merging } = this.parts;
    for (let back = TOKENS_BACK; merging !== null; back *= BACK_FACTOR) {
      const kept = Math.max(0, this.tokens - back);
      const from = kept === 0 ? 0 : (this.starts[kept] as number);
      const until = Math.min(to, this.end + Math.max(WINDOW_BYTES, this.end - from));
      if (until - from > MAX_ROUNDS_BYTES) break;
      const merged = mergeRounds(merging, bytes, from, until);
      this.steps += until - from;
      if (kept > 0 && this.parts.ranks.lengthOf(merging.ids[0] as number) !== this.lengthAt(kept))
        continue;
      this.replace(kept, from, merging.ids, merged);
      this.end = until;
      return;
    }
    this.mergeAll(bytes, to);
  }

  /** Forgets all from a byte on; the tokens around it are merged again. */
  cut(bytes: Uint8Array, to: number): void {
    if (to >= this.end) return;
    while (this.tokens > 0 && (this.starts[this.tokens - 1] as number) >= to) this.tokens -= 1;
    this.tokens = Math.max(0, this.tokens - 1);
    this.end = this.starts[this.tokens] as number;
    this.extend(bytes, to);
  }

  appendIds(bytes: Uint8Array, ids: number[]): void {
    for (let token = 0; token < this.tokens; token++) {
      const start = this.starts[token] as number;
      ids.push(this.parts.ranks.rankOf(bytes, start, start + this.lengthAt(token)));
    }
  }

  private mergeAll(bytes: Uint8Array, to: number): void {
    const ids: number[] = [];
    this.parts.heap.merge(bytes, to, ids);
    this.steps += to;
    this.replace(0, 0, ids, ids.length);
    this.end = to;
  }

  private lengthAt(token: number): number {
    const next = token + 1 < this.tokens ? (this.starts[token + 1] as number) : this.end;
    return next - (this.starts[token] as number);
  }

  private replace(kept: number, from: number, ids: ArrayLike<number>, count: number): void {
    this.reserve(kept + count + 1);
    let start = from;
    for (let index = 0; index < count; index++) {
      this.starts[kept + index] = start;
      start += this.parts.ranks.lengthOf(ids[index] as number);
    }
    this.tokens = kept + count;
  }

  private reserve(tokens: number): void {
    if (tokens <= this.starts.length) return;
    const grown = new Int32Array(2 * tokens);
    grown.set(this.starts.subarray(0, this.tokens));
    this.starts = grown;
  }
}
