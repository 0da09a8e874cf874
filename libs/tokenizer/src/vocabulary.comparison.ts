/** Compares the engine's ids of a converted file with those of `@huggingface/tokenizers`. */
import type { Encoding } from './encoding.js';
import type { BpeFile } from './hugging-face-file.js';
import type { HuggingFaceCounter } from './hugging-face.counter.js';
import { ListMerger } from './merge-by-list.js';

export interface Comparison {
  compared: number;
  /** The first texts whose ids differ. */
  different: string[];
  /** Texts on which the library departs from the file's own list of merges, and ours does not. */
  settled: number;
}

const MAX_DIFFERENT = 10;
const SHOWN_UNITS = 200;

export function compareWithReference(
  {
    encoding,
    reference,
    file,
  }: { encoding: Encoding; reference: HuggingFaceCounter; file: BpeFile },
  texts: readonly string[],
): Comparison {
  const comparison: Comparison = { compared: 0, different: [], settled: 0 };
  const judge = new ListMerger(file);
  for (const text of texts) {
    if (comparison.different.length === MAX_DIFFERENT) break;
    comparison.compared++;
    const ids = encoding.encode(text).join();
    if (ids === reference.encode(text).join()) continue;
    const judged = reference.pieces(text).flatMap((piece) => judge.ids(piece));
    if (ids === judged.join()) comparison.settled++;
    else comparison.different.push(text.slice(0, SHOWN_UNITS));
  }
  return comparison;
}
