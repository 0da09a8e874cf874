/**
 * The splits of open models, found by the patterns that their `tokenizer.json` names.
 *
 * Approach: a model's splits are a list of patterns. The last one cuts a whole text; those before
 * it isolate runs of one kind of character; a run and what is between runs is cut by itself.
 * Rejected: compiling patterns at run time, see `character-class.ts`.
 *
 * Source: `pre_tokenizer` of the `tokenizer.json` of each family.
 */
import { classOf, NUMBER } from './character-class.js';
import { splitDeepSeek } from './deepseek.splitter.js';
import {
  splitCl100k,
  splitGpt2,
  splitO200k,
  splitQwen,
  type PieceSplitter,
} from './piece-splitter.js';

const CONTRACTIONS = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)`;
const WORD_HEAD = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const WORD_TAIL = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;
const LEAD = String.raw`[^\r\n\p{L}\p{N}]?`;
const SPACES = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;

export const GPT2_PATTERN = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;
const GPT2_SHORT_PATTERN = String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;
const letterRuns = (digits: string) =>
  String.raw`${CONTRACTIONS}|${LEAD}\p{L}+|${digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|${SPACES}`;
const wordRuns = (suffix: string, digits: string) =>
  `${LEAD}${WORD_HEAD}*${WORD_TAIL}+${suffix}|${LEAD}${WORD_HEAD}+${WORD_TAIL}*${suffix}|` +
  String.raw`${digits}| ?[^\s\p{L}\p{N}]+[\r\n/]*|${SPACES}`;
const ONE_DIGIT = String.raw`\p{N}`;
const THREE_DIGITS = String.raw`\p{N}{1,3}`;
const DEEPSEEK_PATTERN =
  '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|' +
  String.raw`[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|${SPACES}`;

const SPLITTERS: ReadonlyMap<string, PieceSplitter> = new Map([
  [GPT2_PATTERN, splitGpt2],
  [GPT2_SHORT_PATTERN, splitGpt2],
  [letterRuns(THREE_DIGITS), splitCl100k],
  [letterRuns(ONE_DIGIT), splitQwen],
  [wordRuns(`${CONTRACTIONS}?`, THREE_DIGITS), splitO200k],
  [wordRuns('', ONE_DIGIT), splitMistral],
  [DEEPSEEK_PATTERN, splitDeepSeek],
]);

interface Run {
  holds: (codePoint: number) => boolean;
  longest: number;
}

const isNumber = (codePoint: number) => (classOf(codePoint) & NUMBER) !== 0;
/** Unified ideographs of Unicode 1, hiragana, katakana. */
const isChineseOrKana = (codePoint: number) =>
  (codePoint >= 0x4e00 && codePoint <= 0x9fa5) || (codePoint >= 0x3040 && codePoint <= 0x30ff);

const RUNS: ReadonlyMap<string, Run> = new Map([
  [ONE_DIGIT, { holds: isNumber, longest: 1 }],
  [THREE_DIGITS, { holds: isNumber, longest: 3 }],
  [String.raw`\p{N}+`, { holds: isNumber, longest: Infinity }],
  ['[一-龥぀-ゟ゠-ヿ]+', { holds: isChineseOrKana, longest: Infinity }],
]);

/** Whether `splitterOf` takes the patterns. */
export function isKnownSplit(patterns: readonly string[]): boolean {
  const whole = patterns.at(-1);
  const isolated = patterns.slice(0, -1).map((pattern) => RUNS.get(pattern)?.holds);
  const areDisjoint = new Set(isolated).size === isolated.length;
  return (
    whole !== undefined && SPLITTERS.has(whole) && areDisjoint && !isolated.includes(undefined)
  );
}

/** The splitter of a list of patterns; a new one each time, it remembers where it is in a text. */
export function splitterOf(patterns: readonly string[]): PieceSplitter {
  const whole = SPLITTERS.get(patterns.at(-1) ?? '');
  if (whole === undefined || !isKnownSplit(patterns)) throw new Error('unknown split patterns');
  const runs = patterns.slice(0, -1).map((pattern) => RUNS.get(pattern) as Run);
  return runs.length === 0 ? whole : isolating(runs, whole);
}

/**
 * A run, and what lies between two, is a text of its own for the last split. It is remembered with
 * its place, so that every character is looked at once however many pieces it falls into.
 * Splitters only look forward, so it may begin anywhere.
 */
function isolating(runs: readonly Run[], whole: PieceSplitter): PieceSplitter {
  const isBetween = (codePoint: number) => !runs.some(({ holds }) => holds(codePoint));
  let text = '';
  let from = 0;
  let segment = '';
  return (given, start) => {
    if (start < from || start >= from + segment.length || given !== text) {
      const first = given.codePointAt(start) as number;
      const run = runs.find(({ holds }) => holds(first)) ?? { holds: isBetween, longest: Infinity };
      text = given;
      from = start;
      segment = given.slice(start, runEnd(given, start, run.holds, run.longest));
    }
    return from + whole(segment, start - from);
  };
}

function runEnd(
  text: string,
  start: number,
  holds: (codePoint: number) => boolean,
  longest: number,
): number {
  let end = start;
  for (let count = 0; count < longest && end < text.length; count++) {
    const codePoint = text.codePointAt(end) as number;
    if (!holds(codePoint)) break;
    end += codePoint > 0xffff ? 2 : 1;
  }
  return end;
}

/**
 * Mistral's Tekken: o200k without contractions and with each digit a piece of its own. A word of
 * o200k holds an apostrophe at its beginning or before a contraction, nowhere else.
 */
function splitMistral(text: string, start: number): number {
  const first = text.codePointAt(start) as number;
  if (isNumber(first)) return start + (first > 0xffff ? 2 : 1);
  const end = splitO200k(text, start);
  for (const letters of [1, 2]) {
    const apostrophe = end - letters - 1;
    if (apostrophe > start && text[apostrophe] === "'" && isLatin(text, apostrophe + 1, end)) {
      return apostrophe;
    }
  }
  return end;
}

/** Contractions are Latin letters, among them `ſ`. */
function isLatin(text: string, start: number, end: number): boolean {
  return /^[a-zſ]+$/iu.test(text.slice(start, end));
}
