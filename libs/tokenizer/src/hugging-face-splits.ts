/**
 * Which splits a `tokenizer.json` makes before byte pairs merge, as the list of their patterns.
 *
 * Approach: patterns are known or they are not. A known one stands for a hand-written splitter of
 * `piece-splitter.families.ts`, linear on every text; runs that are isolated first (digits,
 * Chinese) come before the one that splits the rest. Rejected: running patterns from files, whose
 * time on hostile text is theirs to decide.
 */
import { isRecord } from './chat.types.js';
import { GPT2_PATTERN, isKnownSplit } from './piece-splitter.families.js';
import { invalid, unsupported } from './vocabulary-error.js';

type Step = Readonly<Record<string, unknown>>;

/** Whether text is composed (NFC) first. Throws `unsupported` for any other normaliser. */
export function composesText(normalizer: unknown): boolean {
  const steps = stepsOf(normalizer, 'normalizers');
  for (const { type } of steps) {
    if (type !== 'NFC') throw unsupported(`normalizer ${JSON.stringify(type)}`);
  }
  return steps.length > 0;
}

/** The patterns in their order; throws `unsupported` where one is not known. */
export function splitPatterns(preTokenizer: unknown): string[] {
  const patterns: string[] = [];
  let isByteLevel = false;
  for (const step of stepsOf(preTokenizer, 'pretokenizers')) {
    if (isByteLevel) throw unsupported('a split after ByteLevel');
    if (step['type'] === 'ByteLevel') isByteLevel = true;
    const pattern = patternOf(step);
    if (pattern !== null) patterns.push(pattern);
  }
  if (!isByteLevel) throw unsupported('pre_tokenizer: is not byte-level');
  if (!isKnownSplit(patterns)) {
    throw unsupported(`no splitter for the patterns ${JSON.stringify(patterns).slice(0, 400)}`);
  }
  return patterns;
}

function stepsOf(given: unknown, listName: string): Step[] {
  if (given === null) return [];
  if (!isRecord(given)) throw invalid(`${listName} is no object`);
  if (given['type'] !== 'Sequence') return [given];
  const steps = given[listName];
  if (!Array.isArray(steps)) throw invalid(`${listName} is no list`);
  return steps.map((step: unknown) => {
    if (!isRecord(step)) throw invalid(`${listName} has a step that is no object`);
    return step;
  });
}

function patternOf(step: Step): string | null {
  switch (step['type']) {
    case 'ByteLevel':
      if (step['add_prefix_space'] === true) throw unsupported('ByteLevel with add_prefix_space');
      return step['use_regex'] === false ? null : GPT2_PATTERN;
    case 'Digits':
      return step['individual_digits'] === true ? String.raw`\p{N}` : String.raw`\p{N}+`;
    case 'Split':
      return patternOfSplit(step);
    default:
      throw unsupported(`pre_tokenizer ${JSON.stringify(step['type'])}`);
  }
}

/**
 * `Removed` with `invert` keeps the matches and drops what is between them; the known patterns that
 * split a whole text leave nothing between.
 */
function patternOfSplit(step: Step): string {
  const { pattern, behavior, invert } = step;
  const keepsMatches = behavior === 'Isolated' || (behavior === 'Removed' && invert === true);
  if (!keepsMatches) throw unsupported(`Split with behavior ${JSON.stringify(behavior)}`);
  const regex = isRecord(pattern) ? pattern['Regex'] : undefined;
  if (typeof regex !== 'string') throw unsupported('Split by a text that is no pattern');
  return regex.replaceAll('\r', String.raw`\r`).replaceAll('\n', String.raw`\n`);
}
