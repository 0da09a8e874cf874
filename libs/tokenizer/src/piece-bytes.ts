/**
 * The bytes of the last pieces of a growing text, and how many tokens they are: what `StreamTail`
 * asks when these pieces are long. Offsets are bytes from the beginning of what is not forgotten.
 */
import type { Encoding } from './encoding.js';
import type { TokenTrail } from './token-trail.js';

const BYTES_PER_UNIT = 3;
const encoder = new TextEncoder();

export class PieceBytes {
  private bytes = new Uint8Array(2 ** 16);
  private from = 0;
  private end = 0;
  /** By the place in `bytes` where its piece begins. */
  private trails = new Map<number, TokenTrail>();

  constructor(
    private readonly encoding: Encoding,
    text: string,
  ) {
    this.append(text);
  }

  append(text: string): void {
    this.reserve(text.length * BYTES_PER_UNIT);
    this.end += encoder.encodeInto(text, this.bytes.subarray(this.end)).written;
  }

  /** Takes back what was appended last. */
  dropLast(text: string): void {
    if (text === '') return;
    this.end -= Buffer.byteLength(text);
    for (const [start, trail] of this.trails) {
      if (start >= this.end) this.trails.delete(start);
      else trail.cut(this.bytes.subarray(start), this.end - start);
    }
  }

  /** Tokens of a piece. Work grows by what was not counted of this piece before. */
  count(start: number, end: number): number {
    const place = this.from + start;
    const trail = this.trails.get(place) ?? this.encoding.newTrail();
    this.trails.set(place, trail);
    const piece = this.bytes.subarray(place);
    trail.cut(piece, end - start);
    trail.extend(piece, end - start);
    return trail.count;
  }

  forget(bytes: number): void {
    this.from += bytes;
    for (const start of this.trails.keys()) if (start < this.from) this.trails.delete(start);
  }

  private reserve(size: number): void {
    if (this.end + size <= this.bytes.length) return;
    const live = this.bytes.subarray(this.from, this.end);
    const grown = new Uint8Array(Math.max(this.bytes.length, 2 * (live.length + size)));
    grown.set(live);
    const trails = [...this.trails].map(([start, trail]) => [start - this.from, trail] as const);
    this.trails = new Map(trails);
    this.bytes = grown;
    this.end -= this.from;
    this.from = 0;
  }
}
