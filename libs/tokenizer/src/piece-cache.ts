/**
 * Token counts of pieces seen lately.
 *
 * Approach: a table with one place per hash, and the pieces' bytes written into a ring. A newcomer
 * takes the place of whatever was there, the ring overwrites its oldest bytes; nothing is ever
 * allocated or cleared. An entry whose bytes were overwritten fails the comparison; and as a count
 * depends on the bytes alone, one that passes is right whoever wrote them.
 * Rejected: a Map keyed by string, which needs a substring per look-up and grows or is cleared.
 */

/** Longest piece kept, bytes; longer ones hardly ever come twice. */
export const CACHED_BYTES = 255;

const ENTRIES = 2 ** 15;
const RING_BYTES = 2 ** 20;
const FIELDS = 3;

export class PieceCache {
  /** Three numbers per entry: hash, `offset << 8 | length`, tokens (0: empty). */
  private readonly entries = new Int32Array(ENTRIES * FIELDS);
  private readonly ring = new Uint8Array(RING_BYTES);
  private ringEnd = 0;

  /** Tokens of `bytes[0, length)`, or 0 when they are not known. */
  get(bytes: Uint8Array, length: number, hash: number): number {
    const { entries, ring } = this;
    const entry = (hash & (ENTRIES - 1)) * FIELDS;
    if (entries[entry] !== hash) return 0;
    const place = entries[entry + 1] as number;
    if ((place & 0xff) !== length) return 0;
    const offset = place >>> 8;
    for (let index = 0; index < length; index++) {
      if (ring[offset + index] !== bytes[index]) return 0;
    }
    return entries[entry + 2] as number;
  }

  /** `length` is at most `CACHED_BYTES`. */
  set(bytes: Uint8Array, length: number, hash: number, tokens: number): void {
    if (this.ringEnd + length > RING_BYTES) this.ringEnd = 0;
    const offset = this.ringEnd;
    for (let index = 0; index < length; index++) {
      this.ring[offset + index] = bytes[index] as number;
    }
    this.ringEnd = offset + length;
    const entry = (hash & (ENTRIES - 1)) * FIELDS;
    this.entries[entry] = hash;
    this.entries[entry + 1] = (offset << 8) | length;
    this.entries[entry + 2] = tokens;
  }
}
