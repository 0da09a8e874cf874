/**
 * The end of a growing text: the pieces that what follows may still change, and the count with them.
 *
 * Approach: see `IncrementalCounter`. A piece is long only as a run of characters that the pattern
 * treats alike, and where it ends depends on what its beginning and its end look like, not on how
 * long it is. So the middle of a long piece is left out of the text that is split again and again
 * (a gap), while its bytes stay with the `TokenTrail` that counts the piece.
 */
import type { Encoding } from './encoding.js';
import { PieceBytes } from './piece-bytes.js';

/** A longer text gets gaps, UTF-16 units. */
const MAX_TEXT_UNITS = 384;
/** Pieces above this length get one. */
const LONG_PIECE_UNITS = 160;
/** What remains on either side of it. */
const KEPT_UNITS = 32;

interface Gap {
  /** Where in the text it is. */
  readonly at: number;
  readonly bytes: number;
}

export class StreamTail {
  /** Tokens of all pieces before the tail. */
  private standing = 0;
  private text = '';
  private gaps: readonly Gap[] = [];
  /** Null while there are no gaps. */
  private bytes: PieceBytes | null = null;
  count = 0;

  constructor(private readonly encoding: Encoding) {}

  /**
   * @param settled text that stands
   * @param waiting what follows it for now and is replaced by the next call
   */
  append(settled: string, waiting: string): void {
    this.text += settled;
    this.bytes?.append(settled);
    const borders = this.borders(this.text + waiting);
    const standing = this.standingPieces(borders);
    const text = this.text + waiting;
    this.bytes?.append(waiting);
    let count = this.standing;
    for (let piece = 0; piece + 1 < borders.length; piece++) {
      if (piece === standing) this.standing = count;
      count += this.countPiece(text, borders[piece] as number, borders[piece + 1] as number);
    }
    if (standing >= borders.length - 1) this.standing = count;
    this.count = count;
    this.bytes?.dropLast(waiting);
    this.forget(borders[standing] as number);
    if (this.text.length > MAX_TEXT_UNITS) {
      this.shorten(borders.slice(standing).map((border) => border - (borders[standing] as number)));
    }
  }

  /** Where pieces begin, and the end of the last. */
  private borders(text: string): number[] {
    const borders = [0];
    for (let start = 0; start < text.length;) {
      start = this.encoding.split(text, start);
      borders.push(start);
    }
    return borders;
  }

  /** How many pieces have a whole one after them, and that one a settled character. */
  private standingPieces(borders: readonly number[]): number {
    let pieces = 0;
    while (pieces + 2 < borders.length && (borders[pieces + 2] as number) < this.text.length) {
      pieces += 1;
    }
    return pieces;
  }

  private countPiece(text: string, start: number, end: number): number {
    if (this.bytes === null) return this.encoding.countPiece(text, start, end);
    const hasGap = this.gaps.some(({ at }) => at > start && at < end);
    if (!hasGap && end - start <= LONG_PIECE_UNITS) {
      return this.encoding.countPiece(text, start, end);
    }
    return this.bytes.count(this.byteOffset(text, start), this.byteOffset(text, end));
  }

  private byteOffset(text: string, offset: number): number {
    let bytes = Buffer.byteLength(text.slice(0, offset));
    for (const gap of this.gaps) if (gap.at < offset) bytes += gap.bytes;
    return bytes;
  }

  private forget(units: number): void {
    if (units === 0) return;
    this.bytes?.forget(this.byteOffset(this.text, units));
    this.text = this.text.slice(units);
    this.gaps = this.gaps
      .filter(({ at }) => at > units)
      .map(({ at, bytes }) => ({ at: at - units, bytes }));
    if (this.gaps.length === 0) this.bytes = null;
  }

  /** Leaves out the middle of long pieces. */
  private shorten(borders: readonly number[]): void {
    this.bytes ??= new PieceBytes(this.encoding, this.text);
    const gaps: Gap[] = [];
    let shortened = '';
    let from = 0;
    for (let piece = 0; piece + 1 < borders.length; piece++) {
      const start = borders[piece] as number;
      const end = Math.min(borders[piece + 1] as number, this.text.length);
      if (end - start <= LONG_PIECE_UNITS) continue;
      const gapStart = onBorder(this.text, start + KEPT_UNITS);
      const gapEnd = onBorder(this.text, end - KEPT_UNITS);
      for (const gap of this.gaps) {
        if (gap.at < gapStart && gap.at > from) gaps.push(moved(gap, shortened.length - from));
      }
      shortened += this.text.slice(from, gapStart);
      const bytes = this.byteOffset(this.text, gapEnd) - this.byteOffset(this.text, gapStart);
      gaps.push({ at: shortened.length, bytes });
      from = gapEnd;
    }
    for (const gap of this.gaps) {
      if (gap.at > from) gaps.push(moved(gap, shortened.length - from));
    }
    this.text = shortened + this.text.slice(from);
    this.gaps = gaps;
  }
}

const moved = ({ at, bytes }: Gap, units: number): Gap => ({ at: at + units, bytes });

/** Steps back from the middle of a surrogate pair. */
function onBorder(text: string, offset: number): number {
  const unit = text.charCodeAt(offset);
  return unit >= 0xdc00 && unit < 0xe000 ? offset - 1 : offset;
}
