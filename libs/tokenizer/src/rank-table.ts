/**
 * The ranks of a byte-level vocabulary: byte sequence → rank, where a lower rank merges earlier and
 * is the token's id as well.
 *
 * Approach: all tokens' bytes back to back in one buffer and an open-addressing hash table of ranks
 * over it, so that a range of bytes is looked up without making a string or an array of it.
 * Rejected: a Map keyed by string, which costs a decoded string per look-up and four times the
 * memory (200,000 strings and entries).
 */

const EMPTY = 0;
const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

export const NO_RANK = -1;

export class RankTable {
  /** Longest token, bytes. */
  readonly longest: number;
  /** Ranks of all two-byte sequences, by `first << 8 | second`: what every merge begins with. */
  private readonly pairs = new Int32Array(0x10000).fill(NO_RANK);
  private readonly slots: Int32Array;
  private readonly mask: number;

  /**
   * @param bytes all tokens back to back, in order of rank
   * @param offsets where each rank's token begins, and the end of the last; an empty one is a gap
   */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly offsets: Uint32Array,
  ) {
    const capacity = 2 ** Math.ceil(Math.log2(offsets.length * 2));
    this.slots = new Int32Array(capacity);
    this.mask = capacity - 1;
    this.longest = this.index();
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
    let slot = hash(bytes, start, end) & this.mask;
    for (;;) {
      const entry = this.slots[slot] as number;
      if (entry === EMPTY) return NO_RANK;
      if (this.isToken(entry - 1, bytes, start, length)) return entry - 1;
      slot = (slot + 1) & this.mask;
    }
  }

  rankOfPair(first: number, second: number): number {
    return this.pairs[(first << 8) | second] as number;
  }

  /** The bytes of a token; empty for a gap. */
  bytesOf(rank: number): Uint8Array {
    return this.bytes.subarray(this.offsets[rank], this.offsets[rank + 1]);
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
    let slot = hash(this.bytes, start, end) & this.mask;
    while (this.slots[slot] !== EMPTY) slot = (slot + 1) & this.mask;
    this.slots[slot] = rank + 1;
  }

  private isToken(rank: number, bytes: Uint8Array, start: number, length: number): boolean {
    const token = this.offsets[rank] as number;
    if ((this.offsets[rank + 1] as number) - token !== length) return false;
    for (let index = 0; index < length; index++) {
      if (this.bytes[token + index] !== bytes[start + index]) return false;
    }
    return true;
  }
}

/** FNV-1a with a final mix, because its low bits alone cluster. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let value = FNV_OFFSET;
  for (let index = start; index < end; index++) {
    value = Math.imul(value ^ (bytes[index] as number), FNV_PRIME);
  }
  return value ^ (value >>> 15);
}
