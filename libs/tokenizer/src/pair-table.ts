/**
 * Which two tokens merge into which, by their ids.
 *
 * Approach: a token comes about in one way only. Take its bytes alone and merge them: the two parts
 * left before the last merge are its parts. Wherever in a text these bytes become that token, no
 * merge crossed their borders before, so the same merges happened in the same order and the same
 * two parts were the last. One entry per token therefore says everything, and a look-up compares two
 * numbers where a look-up by bytes hashes and compares them all.
 * Rejected: every pair whose bytes together are a token (three times the entries, never used).
 */
import { mergeRounds, newMerging, NO_MERGE, type Merges } from './piece-merger.js';
import { NO_RANK, rankMaskOf, sharedInts, type RankTable } from './rank-table.js';

const EMPTY = 0;

export interface SharedPairs {
  readonly slots: Int32Array;
  /** The two parts of each token, by `2 * rank`; -1 for bytes and for what no merge makes. */
  readonly parts: Int32Array;
  readonly bytePairs: Int32Array;
  readonly byteIds: Int32Array;
}

export class PairTable implements Merges {
  readonly bytePairs: Int32Array;
  readonly byteIds: Int32Array;
  private readonly slots: Int32Array;
  private readonly parts: Int32Array;
  private readonly mask: number;
  private readonly rankMask: number;

  private constructor(readonly shared: SharedPairs) {
    ({
      slots: this.slots,
      parts: this.parts,
      bytePairs: this.bytePairs,
      byteIds: this.byteIds,
    } = shared);
    this.mask = this.slots.length - 1;
    this.rankMask = rankMaskOf(this.parts.length / 2);
  }

  static fromShared(shared: SharedPairs): PairTable {
    return new PairTable(shared);
  }

  /** Null for a vocabulary in which a token is made of one with a higher rank. */
  static of(ranks: RankTable, isReachable: Reachable): PairTable | null {
    const { size } = ranks;
    const table = new PairTable({
      slots: sharedInts(2 ** Math.ceil(Math.log2((size + 1) * 2))),
      parts: sharedInts(2 * size).fill(-1),
      bytePairs: sharedInts(0x10000).fill(NO_MERGE),
      byteIds: sharedInts(256).map((_, byte) => byteId(ranks, byte)),
    });
    const merging = newMerging(table);
    for (let rank = 0; rank < size; rank++) {
      const token = ranks.bytesOf(rank);
      if (token.length < 2) continue;
      const parts = mergeRounds(merging, token, 0, token.length);
      if (parts === 2) table.add(rank, token, merging.ids);
      else if (isReachable(token)) return null;
    }
    return table;
  }

  rankOf(left: number, right: number): number {
    const { slots, mask, rankMask, parts } = this;
    const hash = hashOf(left, right);
    let slot = hash & mask;
    for (;;) {
      const entry = slots[slot] as number;
      if (entry === EMPTY) return NO_MERGE;
      if (((entry ^ hash) & ~rankMask) === 0) {
        const rank = (entry & rankMask) - 1;
        if (parts[2 * rank] === left && parts[2 * rank + 1] === right) return rank;
      }
      slot = (slot + 1) & mask;
    }
  }

  private add(rank: number, token: Uint8Array, ids: Int32Array): void {
    const left = ids[0] as number;
    const right = ids[1] as number;
    if (token.length === 2) {
      this.bytePairs[((token[0] as number) << 8) | (token[1] as number)] = rank;
    }
    this.parts[2 * rank] = left;
    this.parts[2 * rank + 1] = right;
    const hash = hashOf(left, right);
    let slot = hash & this.mask;
    while (this.slots[slot] !== EMPTY) slot = (slot + 1) & this.mask;
    this.slots[slot] = (hash & ~this.rankMask) | (rank + 1);
  }
}

/** Whether merging by bytes makes one token of these. */
type Reachable = (token: Uint8Array) => boolean;

/** A byte that is no token gets an id that no pair has. */
function byteId(ranks: RankTable, byte: number): number {
  const rank = ranks.rankOf(Uint8Array.of(byte), 0, 1);
  return rank === NO_RANK ? ranks.size + byte : rank;
}

function hashOf(left: number, right: number): number {
  const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) ^ (mixed >>> 13);
}
