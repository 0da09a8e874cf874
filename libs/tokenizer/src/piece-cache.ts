/**
 * Token counts of pieces seen lately.
 *
 * Approach: a table with one place per hash, and the pieces' bytes written into a ring. A newcomer
 * takes the place of whatever was there, the ring overwrites its oldest bytes; nothing is ever
 * allocated or cleared. An entry knows where in all that was ever written its bytes began: once the
 * ring has come round to them it counts as empty, since equal bytes there may be another piece's, put
 * together from two, and hashes can be made to collide.
 * Rejected: a Map keyed by string, which needs a substring per look-up and grows or is cleared.
 */

/** Longest piece kept, bytes; longer ones hardly ever come twice. */
export const CACHED_BYTES = 255;

const ENTRIES = 2 ** 15;
const RING_BYTES = 2 ** 20;
const FIELDS = 3;

export class PieceCache {
  /** Three numbers per entry: hash, length, tokens (0: empty). */
  private readonly entries = new Int32Array(ENTRIES * FIELDS);
  /** Per entry, how many bytes had been written before its own; exact up to 2^53. */
  private readonly starts = new Float64Array(ENTRIES);
  private readonly ring = new Uint8Array(RING_BYTES);
  private written = 0;

  /** Tokens of `bytes[0, length)`, or 0 when they are not known. */
  get(bytes: Uint8Array, length: number, hash: number): number {
    const { entries, ring } = this;
    const place = hash & (ENTRIES - 1);
    const entry = place * FIELDS;
    if (entries[entry] !== hash || entries[entry + 1] !== length) return 0;
    const start = this.starts[place] as number;
    if (start + RING_BYTES < this.written) return 0;
    const offset = start % RING_BYTES;
    for (let index = 0; index < length; index++) {
      if (ring[offset + index] !== bytes[index]) return 0;
    }
    return entries[entry + 2] as number;
  }

  /** `length` is at most `CACHED_BYTES`. A piece that would cross the ring's end begins it anew. */
  set(bytes: Uint8Array, length: number, hash: number, tokens: number): void {
    const left = RING_BYTES - (this.written % RING_BYTES);
    const start = left < length ? this.written + left : this.written;
    const offset = start % RING_BYTES;
    for (let index = 0; index < length; index++) {
      this.ring[offset + index] = bytes[index] as number;
    }
    this.written = start + length;
    const place = hash & (ENTRIES - 1);
    const entry = place * FIELDS;
    this.starts[place] = start;
    this.entries[entry] = hash;
    this.entries[entry + 1] = length;
    this.entries[entry + 2] = tokens;
  }
}
