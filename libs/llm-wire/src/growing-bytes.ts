/**
 * Bytes that arrive in pieces of any size: appending is amortised linear and keeps no piece alive,
 * so single-byte chunks cost neither quadratic time nor an object per byte.
 */
const EMPTY = Buffer.alloc(0);
const FIRST_BYTES = 1024;

export class GrowingBytes {
  private store = EMPTY;
  private used = 0;

  get length(): number {
    return this.used;
  }

  append(source: Buffer, from = 0, to = source.length): void {
    const needed = this.used + to - from;
    if (needed > this.store.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.store.length * 2, FIRST_BYTES));
      this.store.copy(grown, 0, 0, this.used);
      this.store = grown;
    }
    source.copy(this.store, this.used, from, to);
    this.used = needed;
  }

  /** Hands the bytes over and starts anew, so that views into them stay valid. */
  take(): Buffer {
    const bytes = this.store.subarray(0, this.used);
    this.store = EMPTY;
    this.used = 0;
    return bytes;
  }
}
