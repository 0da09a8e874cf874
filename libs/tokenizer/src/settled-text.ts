/**
 * How much of a text stands whatever is appended to it.
 *
 * Approach: half a surrogate pair waits for its other half. Where the text is composed (NFC), the
 * last character that marks could join waits with all marks after it; a character joins what is
 * before it only if it is a mark, a vowel or final of Hangul, or a vowel sign of Kirat Rai, so
 * before any other one a text may be composed in two halves.
 *
 * Source: Unicode Standard Annex 15, section 9 (stable code points, NFC_Quick_Check = Maybe).
 */

const JOINS_BEFORE = /^[\p{M}\u1160-\u11ff\u{16d63}-\u{16d6a}]/u;
/** No character below joins anything before it. */
const FIRST_JOINING = 0x300;

/** The length of what stands; `known` UTF-16 units at the beginning are known to be in the rest. */
export function settledLength(text: string, composes: boolean, known: number): number {
  const end = isHighSurrogate(text.charCodeAt(text.length - 1)) ? text.length - 1 : text.length;
  if (!composes) return end;
  for (let index = end - 1; index >= known; index--) {
    if (startsAnew(text, index)) return index;
  }
  return 0;
}

function startsAnew(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  if (unit < FIRST_JOINING) return true;
  const isSecondHalf = unit >= 0xdc00 && unit < 0xe000;
  if (isSecondHalf && isHighSurrogate(text.charCodeAt(index - 1))) return false;
  return !JOINS_BEFORE.test(text.slice(index, index + 2));
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}
