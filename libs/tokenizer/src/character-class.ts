/**
 * What the split patterns ask about a code point, as one byte per code point.
 *
 * Approach: general categories come from the runtime's own Unicode tables, one code point at a time
 * when it is first met, and are kept in a flat table; after that a class costs one array read.
 * Rejected: running the published patterns as regular expressions. On a megabyte of one character
 * their greedy loops keep a backtracking entry per character, which ends in a stack overflow.
 *
 * The reference tokenizers are built on Unicode 16, newer runtimes know later versions; the
 * difference is pinned below, else a letter assigned later would split differently from the model.
 */

export const SPACE = 1;
export const NEWLINE = 2;
export const UPPER = 4;
export const LOWER = 8;
export const OTHER_LETTER = 16;
export const MARK = 32;
export const NUMBER = 64;
export const OTHER = 128;

export const LETTER = UPPER | LOWER | OTHER_LETTER;

/** Letters, marks and numbers that Unicode 17 added: unassigned where models were trained. */
const ADDED_BY_UNICODE_17: readonly (readonly [first: number, last: number])[] = [
  [0x88f, 0x88f],
  [0xc5c, 0xc5c],
  [0xcdc, 0xcdc],
  [0x1acf, 0x1add],
  [0x1ae0, 0x1aeb],
  [0xa7ce, 0xa7cf],
  [0xa7d2, 0xa7d2],
  [0xa7d4, 0xa7d4],
  [0xa7f1, 0xa7f1],
  [0x10940, 0x10959],
  [0x10ec5, 0x10ec7],
  [0x10efa, 0x10efb],
  [0x11b60, 0x11b67],
  [0x11db0, 0x11ddb],
  [0x11de0, 0x11de9],
  [0x16ea0, 0x16eb8],
  [0x16ebb, 0x16ed3],
  [0x16ff2, 0x16ff6],
  [0x187f8, 0x187ff],
  [0x18d09, 0x18d1e],
  [0x18d80, 0x18df2],
  [0x1e6c0, 0x1e6de],
  [0x1e6e0, 0x1e6f5],
  [0x1e6fe, 0x1e6ff],
  [0x2b73a, 0x2b73f],
  [0x2cea2, 0x2cead],
  [0x323b0, 0x33479],
];

/** Was a small letter until Unicode 17 made it a letter without case. */
const LATIN_PHARYNGEAL_FRICATIVE = 0x295;

const CATEGORIES: readonly (readonly [pattern: RegExp, bits: number])[] = [
  [/[\r\n]/u, SPACE | NEWLINE],
  [/\p{White_Space}/u, SPACE],
  [/\p{Ll}/u, LOWER],
  [/[\p{Lu}\p{Lt}]/u, UPPER],
  [/\p{L}/u, OTHER_LETTER],
  [/\p{M}/u, MARK],
  [/\p{N}/u, NUMBER],
];

const table = new Uint8Array(0x110000);

/** Class bits of a code point (0 to 0x10ffff). */
export function classOf(codePoint: number): number {
  const known = table[codePoint] as number;
  return known === 0 ? classify(codePoint) : known;
}

function classify(codePoint: number): number {
  const bits = isAddedLater(codePoint) ? OTHER : categoryOf(codePoint);
  table[codePoint] = bits;
  return bits;
}

function categoryOf(codePoint: number): number {
  if (codePoint === LATIN_PHARYNGEAL_FRICATIVE) return LOWER;
  const character = String.fromCodePoint(codePoint);
  return CATEGORIES.find(([pattern]) => pattern.test(character))?.[1] ?? OTHER;
}

function isAddedLater(codePoint: number): boolean {
  return ADDED_BY_UNICODE_17.some(([first, last]) => codePoint >= first && codePoint <= last);
}
