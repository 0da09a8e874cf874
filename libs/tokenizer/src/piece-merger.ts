/**
 * Byte-pair merging of short sequences, in rounds.
 *
 * Approach: parts and the ranks of their pairs lie side by side in two small arrays. A round takes
 * the lowest rank there is and merges every pair of that rank from left to right, closing the gaps
 * and finding the next lowest rank on the way. A merge only makes pairs of higher ranks (a token is
 * made of tokens below it), so that a whole rank may be done at once.
 * Rejected: a heap, whose upkeep costs more than these few passes below some hundred bytes; one
 * merge per pass, as tiktoken does, needs a pass per merge where repeated text needs one per rank.
 */

/** What stands for "do not merge": above every rank, so that a search for the lowest passes it. */
export const NO_MERGE = 0x7fffffff;

/** Longest sequence that is merged in rounds, bytes. */
export const MAX_ROUNDS_BYTES = 4096;

/** What merging asks of a vocabulary; see `PairTable`. */
export interface Merges {
  /** The id of each byte. */
  readonly byteIds: Int32Array;
  /** The rank that two bytes merge into, by `first << 8 | second`. */
  readonly bytePairs: Int32Array;
  /** The rank that two tokens merge into, or `NO_MERGE`. */
  rankOf(left: number, right: number): number;
}

/** A vocabulary's merges and the space to work in; serves one call at a time. */
export interface Merging {
  readonly merges: Merges;
  readonly ids: Int32Array;
  /** Rank of the pair of a part and the next. */
  readonly ranks: Int32Array;
}

export const newMerging = (merges: Merges): Merging => ({
  merges,
  ids: new Int32Array(MAX_ROUNDS_BYTES),
  ranks: new Int32Array(MAX_ROUNDS_BYTES),
});

/**
 * The number of tokens of `bytes[start, end)`, at most `MAX_ROUNDS_BYTES` of them; their ids are the
 * first of `merging.ids`. Bytes times ranks that occur among them in the worst case.
 */
export function mergeRounds(
  merging: Merging,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const { ids, ranks, merges } = merging;
  const { byteIds, bytePairs } = merges;
  let count = end - start;
  let lowest = NO_MERGE;
  for (let index = 0; index < count; index++) {
    const byte = bytes[start + index] as number;
    const isLast = index + 1 === count;
    const next = isLast ? 0 : (bytes[start + index + 1] as number);
    const rank = isLast ? NO_MERGE : (bytePairs[(byte << 8) | next] as number);
    ids[index] = byteIds[byte] as number;
    ranks[index] = rank;
    if (rank < lowest) lowest = rank;
  }
  while (lowest !== NO_MERGE) {
    const merged = lowest;
    let kept = 0;
    lowest = NO_MERGE;
    for (let index = 0; index < count; kept++) {
      let rank = ranks[index] as number;
      let id = ids[index] as number;
      if (rank === merged) {
        id = merged;
        index += 2;
        if (kept > 0) ranks[kept - 1] = merges.rankOf(ids[kept - 1] as number, merged);
        rank = rankAfter(merging, merged, index, count);
      } else {
        index++;
      }
      if (kept > 0 && (ranks[kept - 1] as number) < lowest) lowest = ranks[kept - 1] as number;
      ids[kept] = id;
      ranks[kept] = rank;
    }
    count = kept;
  }
  return count;
}

/** The pair of a part just made and the one after it; left open where that is about to merge too. */
function rankAfter(
  { merges, ids, ranks }: Merging,
  merged: number,
  next: number,
  count: number,
): number {
  if (next >= count || ranks[next] === merged) return NO_MERGE;
  return merges.rankOf(merged, ids[next] as number);
}
