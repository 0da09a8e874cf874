/**
 * Cuts text into the pieces within which byte pairs may merge, as each encoding's pattern does.
 *
 * Approach: the published patterns written out by hand, one function per family. Each step reads
 * forward from `start` and returns where the piece ends; every alternative scans a run at most
 * twice, so a whole text is split in linear time and constant space whatever it holds.
 * Rejected: the regular expressions themselves, see `character-class.ts`.
 *
 * Source: `pat_str` of tiktoken's `encoders/*.json`; `pre_tokenizer` of Qwen's `tokenizer.json`.
 */
import {
  classOf,
  LETTER,
  LOWER,
  MARK,
  NEWLINE,
  NUMBER,
  OTHER,
  OTHER_LETTER,
  SPACE,
  UPPER,
} from './character-class.js';

/**
 * The end (exclusive) of the piece that begins at `start`; both are UTF-16 offsets.
 * The text must be well-formed and `start` within it, on a code point's border.
 */
export type PieceSplitter = (text: string, start: number) => number;

const APOSTROPHE = 0x27;
const BLANK = 0x20;
const SLASH = 0x2f;

const SYMBOL = OTHER | MARK;
/** `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]` */
const WORD_HEAD = UPPER | OTHER_LETTER | MARK;
/** `[\p{Ll}\p{Lm}\p{Lo}\p{M}]` */
const WORD_TAIL = LOWER | OTHER_LETTER | MARK;

/** GPT-2, r50k and p50k: contractions in lower case; an optional blank before each run. */
export const splitGpt2: PieceSplitter = (text, start) => {
  const contraction = contractionEnd(text, start, true);
  if (contraction > start) return contraction;
  const first = text.charCodeAt(start) === BLANK ? start + 1 : start;
  const kind = classAt(text, first);
  if ((kind & LETTER) !== 0) return runEnd(text, first, LETTER);
  if ((kind & NUMBER) !== 0) return runEnd(text, first, NUMBER);
  if ((kind & SYMBOL) !== 0) return runEnd(text, first, SYMBOL);
  return spaceRunEnd(text, start);
};

/** cl100k: up to three digits to a piece. */
export const splitCl100k: PieceSplitter = (text, start) => splitLetterRuns(text, start, 3);

/** Qwen 1 to 3: as cl100k, each digit a piece of its own. */
export const splitQwen: PieceSplitter = (text, start) => splitLetterRuns(text, start, 1);

function splitLetterRuns(text: string, start: number, maxDigits: number): number {
  const contraction = contractionEnd(text, start, false);
  if (contraction > start) return contraction;
  const kind = classAt(text, start);
  if ((kind & LETTER) !== 0) return runEnd(text, start, LETTER);
  if ((kind & NUMBER) !== 0) return digitsEnd(text, start, maxDigits);
  if ((kind & NEWLINE) === 0) {
    const second = after(text, start);
    if ((classAt(text, second) & LETTER) !== 0) return runEnd(text, second, LETTER);
  }
  const symbols = symbolsEnd(text, start);
  if (symbols > start) return runEnd(text, symbols, NEWLINE);
  return newlineRunEnd(text, start);
}

/** o200k: words change from head to tail letters, contractions belong to the word before them. */
export const splitO200k: PieceSplitter = (text, start) => {
  const kind = classAt(text, start);
  if ((kind & NUMBER) !== 0) return digitsEnd(text, start, 3);
  const word = wordEnd(text, start, kind);
  if (word > start) {
    const contraction = contractionEnd(text, word, false);
    return contraction > word ? contraction : word;
  }
  const symbols = symbolsEnd(text, start);
  if (symbols > start) return lineEndsOrSlashes(text, symbols);
  return newlineRunEnd(text, start);
};

/** The two word alternatives of o200k, each with and then without its one leading character. */
function wordEnd(text: string, start: number, kind: number): number {
  const mayLead = (kind & (LETTER | NUMBER | NEWLINE)) === 0;
  const led = mayLead ? after(text, start) : start;
  for (const end of WORD_ENDS) {
    const withLead = end(text, led);
    if (withLead > led) return withLead;
    const withoutLead = mayLead && (kind & MARK) !== 0 ? end(text, start) : start;
    if (withoutLead > start) return withoutLead;
  }
  return start;
}

const WORD_ENDS = [tailedWordEnd, headedWordEnd];

/** `HEAD*TAIL+`: where no tail follows the heads, the last head that is a tail too ends the word. */
function tailedWordEnd(text: string, start: number): number {
  let heads = start;
  let endOfShared = start;
  let kind = classAt(text, heads);
  while ((kind & WORD_HEAD) !== 0) {
    heads = after(text, heads);
    if ((kind & WORD_TAIL) !== 0) endOfShared = heads;
    kind = classAt(text, heads);
  }
  return (kind & WORD_TAIL) !== 0 ? runEnd(text, heads, WORD_TAIL) : endOfShared;
}

/** `HEAD+TAIL*` */
function headedWordEnd(text: string, start: number): number {
  const heads = runEnd(text, start, WORD_HEAD);
  return heads === start ? start : runEnd(text, heads, WORD_TAIL);
}

/** ` ?[^\s\p{L}\p{N}]+`, or `start` where it doesn't match. */
function symbolsEnd(text: string, start: number): number {
  const first = text.charCodeAt(start) === BLANK ? start + 1 : start;
  const end = runEnd(text, first, SYMBOL);
  return end === first ? start : end;
}

function lineEndsOrSlashes(text: string, start: number): number {
  let end = start;
  while (text.charCodeAt(end) === SLASH || (classAt(text, end) & NEWLINE) !== 0) end++;
  return end;
}

/** `\s*[\r\n]+|\s+(?!\S)|\s+` */
function newlineRunEnd(text: string, start: number): number {
  let end = start;
  let afterNewline = start;
  let kind = classAt(text, end);
  while ((kind & SPACE) !== 0) {
    end++;
    if ((kind & NEWLINE) !== 0) afterNewline = end;
    kind = classAt(text, end);
  }
  return afterNewline > start ? afterNewline : leaveOneSpace(text, start, end);
}

/** `\s+(?!\S)|\s+` */
function spaceRunEnd(text: string, start: number): number {
  return leaveOneSpace(text, start, runEnd(text, start, SPACE));
}

/** A run that something follows leaves its last space to that something. */
function leaveOneSpace(text: string, start: number, end: number): number {
  return end === text.length || end - start === 1 ? end : end - 1;
}

function digitsEnd(text: string, start: number, maxDigits: number): number {
  let end = start;
  for (let digits = 0; digits < maxDigits && (classAt(text, end) & NUMBER) !== 0; digits++) {
    end = after(text, end);
  }
  return end;
}

function runEnd(text: string, start: number, kinds: number): number {
  let end = start;
  while ((classAt(text, end) & kinds) !== 0) end = after(text, end);
  return end;
}

/** Class bits at an offset; 0 beyond the end, which is in no class. */
function classAt(text: string, offset: number): number {
  if (offset >= text.length) return 0;
  const unit = text.charCodeAt(offset);
  return classOf(isHighSurrogate(unit) ? (text.codePointAt(offset) as number) : unit);
}

function after(text: string, offset: number): number {
  return isHighSurrogate(text.charCodeAt(offset)) ? offset + 2 : offset + 1;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

/** `'s|'t|'re|'ve|'m|'ll|'d`, or `start`; without regard to case, ſ is an s. */
function contractionEnd(text: string, start: number, caseSensitive: boolean): number {
  if (text.charCodeAt(start) !== APOSTROPHE) return start;
  const raw = text.slice(start + 1, start + 3);
  const letters = caseSensitive ? raw : raw.replace('ſ', 's').toLowerCase();
  if (letters === 're' || letters === 've' || letters === 'll') return start + 3;
  const isSuffix = letters !== '' && 'stmd'.includes(letters.charAt(0));
  return isSuffix ? start + 2 : start;
}
