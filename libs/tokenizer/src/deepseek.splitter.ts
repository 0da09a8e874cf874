/**
 * DeepSeek V3's last split, applied between digits and between Chinese characters and kana.
 *
 * Approach: as in `piece-splitter.ts`. This pattern does not cover every character: what no
 * alternative takes (control and format characters, unassigned ones) stays as a piece between.
 *
 * Source: `pre_tokenizer` of the `tokenizer.json` of deepseek-ai/DeepSeek-V3.
 */
import { classOf, LETTER, MARK, NEWLINE, OTHER, SPACE } from './character-class.js';

const WORD = LETTER | MARK;
const BLANK = 0x20;

export function splitDeepSeek(text: string, start: number): number {
  const led = after(text, start);
  const first = text.charCodeAt(start);
  if (isAsciiSymbol(first) && isAsciiLetter(text.charCodeAt(led))) return asciiWordEnd(text, led);
  const kind = classAt(text, start);
  if ((kind & WORD) !== 0) return runEnd(text, start, WORD);
  const isSign = isSignAt(text, start);
  const mayLead = !isSign && (kind & NEWLINE) === 0;
  if (mayLead && (classAt(text, led) & WORD) !== 0) return runEnd(text, led, WORD);
  if (isSign) return signsEnd(text, start);
  if (first === BLANK && isSignAt(text, led)) return signsEnd(text, led);
  if ((kind & SPACE) !== 0) return spacesEnd(text, start);
  return gapEnd(text, led);
}

function asciiWordEnd(text: string, start: number): number {
  let end = start;
  while (isAsciiLetter(text.charCodeAt(end))) end++;
  return end;
}

/** `[\p{P}\p{S}]+[\r\n]*` */
function signsEnd(text: string, start: number): number {
  let end = start;
  while (isSignAt(text, end)) end = after(text, end);
  return runEnd(text, end, NEWLINE);
}

/** `\s*[\r\n]+|\s+(?!\S)|\s+` */
function spacesEnd(text: string, start: number): number {
  let end = start;
  let afterNewline = start;
  let kind = classAt(text, end);
  while ((kind & SPACE) !== 0) {
    end++;
    if ((kind & NEWLINE) !== 0) afterNewline = end;
    kind = classAt(text, end);
  }
  if (afterNewline > start) return afterNewline;
  return end === text.length || end - start === 1 ? end : end - 1;
}

/** To the next character that begins a match; the last before a word leads that word. */
function gapEnd(text: string, start: number): number {
  let end = start;
  while (end < text.length && isUnmatched(text, end)) end = after(text, end);
  return end;
}

function isUnmatched(text: string, offset: number): boolean {
  const taken = (classAt(text, offset) & (WORD | SPACE)) !== 0 || isSignAt(text, offset);
  return !taken && (classAt(text, after(text, offset)) & WORD) === 0;
}

function runEnd(text: string, start: number, kinds: number): number {
  let end = start;
  while ((classAt(text, end) & kinds) !== 0) end = after(text, end);
  return end;
}

const UNKNOWN = 0;
const SIGN = 1;
const NO_SIGN = 2;
const signs = new Uint8Array(0x110000);

/** Whether `[\p{P}\p{S}]` is at an offset. */
function isSignAt(text: string, offset: number): boolean {
  const codePoint = text.codePointAt(offset);
  if (codePoint === undefined || (classOf(codePoint) & OTHER) === 0) return false;
  if (signs[codePoint] === UNKNOWN) {
    const isSign = /[\p{P}\p{S}]/u.test(String.fromCodePoint(codePoint));
    signs[codePoint] = isSign ? SIGN : NO_SIGN;
  }
  return signs[codePoint] === SIGN;
}

/** Class bits at an offset; 0 beyond the end, which is in no class. */
function classAt(text: string, offset: number): number {
  const codePoint = text.codePointAt(offset);
  return codePoint === undefined ? 0 : classOf(codePoint);
}

function after(text: string, offset: number): number {
  return (text.codePointAt(offset) ?? 0) > 0xffff ? offset + 2 : offset + 1;
}

function isAsciiLetter(unit: number): boolean {
  return (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a);
}

function isAsciiSymbol(unit: number): boolean {
  return unit > BLANK && unit < 0x7f && !isAsciiLetter(unit) && (unit < 0x30 || unit > 0x39);
}
