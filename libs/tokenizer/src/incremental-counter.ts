/**
 * The running token count of a text that arrives in pieces of any kind, as if all of it so far had
 * been encoded at once.
 *
 * Approach: pieces of the split pattern that no continuation can change are counted and forgotten.
 * A splitter looks at most one piece and one character ahead, so all but the last two pieces stand;
 * those are counted again with every delta. Where they are long, `StreamTail` splits a shortened
 * image of them and counts them by `TokenTrail`, so that a delta costs the same after a megabyte
 * without a border as after a word.
 * Rejected: the sum of the counts of the deltas, wrong at every seam; encoding all again, quadratic.
 */
import type { Encoding } from './encoding.js';
import { settledLength } from './settled-text.js';
import { StreamTail } from './stream-tail.js';

/**
 * From so many units on that wait for their composition (hundreds of marks on one letter), the count
 * follows only when they have grown by this share.
 */
const MANY_WAITING_UNITS = 4096;
const GROWTH = 1.125;

export class IncrementalCounter {
  private readonly tail: StreamTail;
  private waiting = '';
  /** Length of `waiting` below which the count need not follow. */
  private quietBelow = 0;

  constructor(private readonly encoding: Encoding) {
    this.tail = new StreamTail(encoding);
  }

  /** Tokens of everything added so far; a surrogate half at the end counts as U+FFFD for now. */
  get count(): number {
    return this.tail.count;
  }

  /**
   * Amortised O(length of `text`).
   *
   * @returns tokens of everything so far. Exact, but while a letter carries thousands of combining
   *   marks and the encoding composes: then up to an eighth of the marks are missing until `end`
   */
  add(text: string): number {
    if (text === '') return this.count;
    const waited = this.waiting.length;
    const raw = this.waiting + text;
    const settled = settledLength(raw, this.encoding.composes, waited);
    this.waiting = raw.slice(settled);
    if (settled === 0 && this.waiting.length < this.quietBelow) return this.count;
    this.quietBelow =
      this.waiting.length < MANY_WAITING_UNITS ? 0 : Math.ceil(this.waiting.length * GROWTH);
    this.tail.append(
      this.encoding.prepare(raw.slice(0, settled)),
      this.encoding.prepare(this.waiting),
    );
    return this.count;
  }

  /** The exact count of everything; more may be added afterwards. */
  end(): number {
    this.quietBelow = 0;
    this.tail.append('', this.encoding.prepare(this.waiting));
    return this.count;
  }
}
