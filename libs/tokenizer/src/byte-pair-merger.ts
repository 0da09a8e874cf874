/**
 * Byte-pair merging of one piece in O(n log n).
 *
 * Approach: parts are a linked list over byte positions; a binary heap holds the rank of every
 * neighbouring pair, ordered by rank and then from left to right. A merge changes two pairs; their
 * old entries stay in the heap and are skipped when they surface, because the pair at their
 * position has another rank by then (a part only grows, so a rank never returns).
 * Rejected: scanning all pairs for the lowest rank before each merge, as tiktoken does for pieces
 * of usual length; it is quadratic, 50,000 times "a" took it 3.4 s.
 */
import { NO_RANK, type RankTable } from './rank-table.js';

/** Heap keys are `rank * POSITIONS + position`: exact in a double up to rank 2^21. */
const POSITIONS = 2 ** 32;

/** Scratch space above this many bytes is given back after use. */
const KEPT_BYTES = 4096;

interface Scratch {
  next: Int32Array;
  previous: Int32Array;
  /** Rank of the pair that begins at a position; NO_RANK where none or where no part begins. */
  ranks: Int32Array;
  heap: Float64Array;
}

export class BytePairMerger {
  private readonly small = scratchFor(KEPT_BYTES);
  private scratch = this.small;
  private heapSize = 0;
  /** Heap entries taken so far; what a test of the growth of work reads. */
  steps = 0;

  constructor(private readonly table: RankTable) {}

  /**
   * The number of tokens of `bytes[0, length)`, at most `POSITIONS` - 1; their ids are appended
   * to `ids` when that is given.
   */
  merge(bytes: Uint8Array, length: number, ids: number[] | null): number {
    this.scratch = length > KEPT_BYTES ? scratchFor(length) : this.small;
    this.heapSize = 0;
    this.linkBytes(bytes, length, 0, length);
    this.heapify(this.heapSize >> 1, 0);
    let parts = length;
    while (this.heapSize > 0) parts -= this.mergeLowest(bytes, length);
    if (ids !== null) this.appendIds(bytes, length, ids);
    this.scratch = this.small;
    return parts;
  }

  /**
   * As `merge`, pausing after every `slice` bytes linked or heap entries taken. This merger serves
   * nothing else until the generator has ended.
   */
  *mergeInSlices(bytes: Uint8Array, length: number, slice: number): Generator<void, number> {
    this.scratch = scratchFor(length);
    this.heapSize = 0;
    for (let from = 0; from < length; from += slice, yield) {
      this.linkBytes(bytes, length, from, Math.min(length, from + slice));
    }
    for (let end = this.heapSize >> 1; end > 0; end -= slice, yield) {
      this.heapify(end, Math.max(0, end - slice));
    }
    let parts = length;
    for (; this.heapSize > 0; yield) {
      for (let step = 0; step < slice && this.heapSize > 0; step++) {
        parts -= this.mergeLowest(bytes, length);
      }
    }
    return parts;
  }

  private linkBytes(bytes: Uint8Array, length: number, from: number, to: number): void {
    const { next, previous, ranks, heap } = this.scratch;
    let size = this.heapSize;
    for (let position = from; position < to; position++) {
      next[position] = position + 1;
      previous[position] = position - 1;
      const rank =
        position + 1 < length
          ? this.table.rankOfPair(bytes[position] as number, bytes[position + 1] as number)
          : NO_RANK;
      ranks[position] = rank;
      if (rank !== NO_RANK) heap[size++] = rank * POSITIONS + position;
    }
    this.heapSize = size;
  }

  private heapify(end: number, from: number): void {
    const { heap } = this.scratch;
    for (let index = end - 1; index >= from; index--) {
      this.siftDown(index, heap[index] as number);
    }
  }

  /** Takes one entry; returns how many parts went away: 1, or 0 for an outdated entry. */
  private mergeLowest(bytes: Uint8Array, length: number): number {
    const { next, previous, ranks } = this.scratch;
    const key = this.pop();
    const rank = Math.floor(key / POSITIONS);
    const position = key - rank * POSITIONS;
    if (ranks[position] !== rank) return 0;
    const absorbed = next[position] as number;
    const following = next[absorbed] as number;
    next[position] = following;
    ranks[absorbed] = NO_RANK;
    if (following < length) {
      previous[following] = position;
      this.rankPair(bytes, position, next[following] as number);
    } else {
      ranks[position] = NO_RANK;
    }
    const preceding = previous[position] as number;
    if (preceding >= 0) this.rankPair(bytes, preceding, following);
    return 1;
  }

  private rankPair(bytes: Uint8Array, position: number, end: number): void {
    const rank = this.table.rankOf(bytes, position, end);
    this.scratch.ranks[position] = rank;
    if (rank !== NO_RANK) this.push(rank * POSITIONS + position);
  }

  private appendIds(bytes: Uint8Array, length: number, ids: number[]): void {
    const { next } = this.scratch;
    for (let position = 0; position < length; position = next[position] as number) {
      ids.push(this.table.rankOf(bytes, position, next[position] as number));
    }
  }

  private push(key: number): void {
    const { heap } = this.scratch;
    let index = this.heapSize++;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as number;
      if (above <= key) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = key;
  }

  private pop(): number {
    const { heap } = this.scratch;
    const lowest = heap[0] as number;
    this.heapSize--;
    this.steps++;
    if (this.heapSize > 0) this.siftDown(0, heap[this.heapSize] as number);
    return lowest;
  }

  private siftDown(from: number, key: number): void {
    const { heap } = this.scratch;
    const size = this.heapSize;
    let index = from;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= size) break;
      const right = child + 1;
      if (right < size && (heap[right] as number) < (heap[child] as number)) child = right;
      const below = heap[child] as number;
      if (below >= key) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = key;
  }
}

/** Every merge takes one entry and adds at most two, so the heap never passes twice the bytes. */
function scratchFor(length: number): Scratch {
  return {
    next: new Int32Array(length),
    previous: new Int32Array(length),
    ranks: new Int32Array(length),
    heap: new Float64Array(2 * length),
  };
}
