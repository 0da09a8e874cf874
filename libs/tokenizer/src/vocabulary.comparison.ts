/** Compares the engine's ids of a converted file with those of `@huggingface/tokenizers`. */
import type { TextCounter } from './text-counter.js';

export interface Comparison {
  compared: number;
  /** The first texts whose ids differ. */
  different: string[];
}

const MAX_DIFFERENT = 10;
const SHOWN_UNITS = 200;

export function compareWithReference(
  encoding: TextCounter,
  reference: TextCounter,
  texts: readonly string[],
): Comparison {
  const comparison: Comparison = { compared: 0, different: [] };
  for (const text of texts) {
    if (comparison.different.length === MAX_DIFFERENT) break;
    comparison.compared++;
    const isEqual = encoding.encode(text).join() === reference.encode(text).join();
    if (!isEqual) comparison.different.push(text.slice(0, SHOWN_UNITS));
  }
  return comparison;
}
