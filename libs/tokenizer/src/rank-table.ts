/**
 * The ranks of a byte-level vocabulary: byte sequence → rank, where a lower rank merges earlier and
 * is the token's id as well.
 *
 * Approach: all tokens' bytes back to back in one buffer and an open-addressing hash table of ranks
 * over it, so that a range of bytes is looked up without making a string or an array of it. What a
 * slot has left over beside the rank holds part of the hash: other tokens are told apart without
 * reading their bytes. Everything lies in shared memory, so that workers need no copy.
 * Rejected: a Map keyed by string, which costs a decoded string per look-up and four times the
 * memory (200,000 strings and entries).
 */

const EMPTY = 0;
const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

export const NO_RANK = -1;

/** Typed arrays in shared memory: posted to a worker, they are not copied. */
export interface SharedRanks {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
  readonly slots: Int32Array;
  /** Ranks of all two-byte sequences, by `first << 8 | second`: what every merge begins with. */
  readonly pairs: Int32Array;
  /** Bytes of the longest token. */
  readonly longest: number;
}

export class RankTable {
  /** Longest token, bytes. */
  readonly longest: number;
  private readonly bytes: Uint8Array;
  private readonly offsets: Uint32Array;
  private readonly pairs: Int32Array;
  private readonly slots: Int32Array;
  private readonly mask: number;
  private readonly rankMask: number;

  /**
   * @param bytes all tokens back to back, in order of rank
   * @param offsets where each rank's token begins, and the end of the last; an empty one is a gap
   */
  constructor(bytes: Uint8Array, offsets: Uint32Array, indexed: SharedRanks | null = null) {
    const capacity = 2 ** Math.ceil(Math.log2(offsets.length * 2));
    this.bytes = bytes;
    this.offsets = offsets;
    this.slots = indexed?.slots ?? sharedInts(capacity);
    this.pairs = indexed?.pairs ?? sharedInts(0x10000).fill(NO_RANK);
    this.mask = this.slots.length - 1;
    this.rankMask = rankMaskOf(offsets.length);
    this.longest = indexed?.longest ?? this.index();
  }

  static fromShared(shared: SharedRanks): RankTable {
    return new RankTable(shared.bytes, shared.offsets, shared);
  }

  get shared(): SharedRanks {
    const { bytes, offsets, slots, pairs, longest } = this;
    return { bytes, offsets, slots, pairs, longest };
  }

  /** How many ranks there are, gaps included. */
  get size(): number {
    return this.offsets.length - 1;
  }

  /** Rank of `bytes[start, end)`, or `NO_RANK`. Linear in the token's length. */
  rankOf(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length === 2) return this.rankOfPair(bytes[start] as number, bytes[start + 1] as number);
    if (length > this.longest) return NO_RANK;
    return this.rankOfHashed(bytes, start, length, hashOfBytes(bytes, start, end));
  }

  /** As `rankOf`, for a sequence of any length but two whose hash is known. */
  rankOfHashed(bytes: Uint8Array, start: number, length: number, hash: number): number {
    const { slots, mask, rankMask } = this;
    let slot = hash & mask;
    for (;;) {
      const entry = slots[slot] as number;
      if (entry === EMPTY) return NO_RANK;
      if (((entry ^ hash) & ~rankMask) === 0) {
        const rank = (entry & rankMask) - 1;
        if (this.isToken(rank, bytes, start, length)) return rank;
      }
      slot = (slot + 1) & mask;
    }
  }

  rankOfPair(first: number, second: number): number {
    return this.pairs[(first << 8) | second] as number;
  }

  /** The bytes of a token; empty for a gap. */
  bytesOf(rank: number): Uint8Array {
    return this.bytes.subarray(this.offsets[rank], this.offsets[rank + 1]);
  }

  /** Bytes of a token; 0 for a gap, 1 for what is no rank but stands for a byte. */
  lengthOf(rank: number): number {
    if (rank >= this.size) return 1;
    return (this.offsets[rank + 1] as number) - (this.offsets[rank] as number);
  }

  private index(): number {
    let longest = 0;
    for (let rank = 0; rank < this.size; rank++) {
      const start = this.offsets[rank] as number;
      const end = this.offsets[rank + 1] as number;
      if (end === start) continue;
      longest = Math.max(longest, end - start);
      this.insert(rank, start, end);
    }
    return longest;
  }

  private insert(rank: number, start: number, end: number): void {
    if (end - start === 2) {
      const pair = ((this.bytes[start] as number) << 8) | (this.bytes[start + 1] as number);
      this.pairs[pair] = rank;
      return;
    }
    const hash = hashOfBytes(this.bytes, start, end);
    let slot = hash & this.mask;
    while (this.slots[slot] !== EMPTY) slot = (slot + 1) & this.mask;
    this.slots[slot] = (hash & ~this.rankMask) | (rank + 1);
  }

  private isToken(rank: number, bytes: Uint8Array, start: number, length: number): boolean {
    const token = this.offsets[rank] as number;
    if ((this.offsets[rank + 1] as number) - token !== length) return false;
    const own = this.bytes;
    for (let index = 0; index < length; index++) {
      if (own[token + index] !== bytes[start + index]) return false;
    }
    return true;
  }
}

/** FNV-1a with a final mix, because its low bits alone cluster. */
export function hashOfBytes(bytes: Uint8Array, start: number, end: number): number {
  let value = FNV_OFFSET;
  for (let index = start; index < end; index++) {
    value = Math.imul(value ^ (bytes[index] as number), FNV_PRIME);
  }
  return value ^ (value >>> 15);
}

/** The bits of a slot that hold `rank + 1`; the others are for part of a hash. */
export function rankMaskOf(ranks: number): number {
  return 2 ** Math.ceil(Math.log2(ranks + 2)) - 1;
}

export function sharedInts(length: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(length * Int32Array.BYTES_PER_ELEMENT));
}
