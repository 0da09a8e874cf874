/**
 * Counting with `@huggingface/tokenizers`, for vocabularies that the engine can't represent
 * (SentencePiece, Unigram, patterns it doesn't know).
 *
 * Approach: added tokens are taken out of the file, because what a user types is text here as well.
 * The library's time on one long word has no bound we could promise, so long texts are cut; their
 * count may be off by a token or two per cut and says so.
 * Rejected: passing long texts through whole, which holds a process up for seconds.
 *
 * The library is loaded when it is first needed, and typed here: its own types name files without
 * endings, which this module resolution doesn't find.
 */
import { createRequire } from 'node:module';
import type { TextCount } from './encoding.js';
import type { TextCounter } from './text-counter.js';
import { unsupported } from './vocabulary-error.js';

interface Tokenizer {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
}
interface Library {
  Tokenizer: new (file: object, config: object) => Tokenizer;
}

const require = createRequire(import.meta.url);

/** Longest text counted as one, UTF-16 units. */
const MAX_UNITS = 4096;

export class HuggingFaceCounter implements TextCounter {
  readonly slow = true;
  private readonly tokenizer: Tokenizer;

  /** Throws a VocabularyError when the library doesn't take the file. */
  constructor(
    readonly name: string,
    file: object,
  ) {
    this.tokenizer = asText(file);
  }

  count(text: string): TextCount {
    let tokens = 0;
    for (const part of partsOf(text)) tokens += this.encode(part).length;
    return { tokens, exact: text.length <= MAX_UNITS };
  }

  *countInSlices(texts: Iterable<string>): Generator<void, Map<string, TextCount>> {
    const counts = new Map<string, TextCount>();
    for (const text of texts) {
      let tokens = 0;
      for (const part of partsOf(text)) {
        tokens += this.encode(part).length;
        yield;
      }
      counts.set(text, { tokens, exact: text.length <= MAX_UNITS });
    }
    return counts;
  }

  /** The token ids, without those that the model's template adds. */
  encode(text: string): number[] {
    return this.tokenizer.encode(text, { add_special_tokens: false }).ids;
  }
}

function asText(file: object): Tokenizer {
  const library = require('@huggingface/tokenizers') as Library;
  try {
    return new library.Tokenizer({ ...file, added_tokens: [], post_processor: null }, {});
  } catch (cause) {
    throw unsupported(`@huggingface/tokenizers: ${String(cause)}`);
  }
}

function* partsOf(text: string): Generator<string> {
  const wellFormed = text.toWellFormed();
  for (let from = 0, to = 0; from < wellFormed.length; from = to) {
    to = from + MAX_UNITS;
    const unit = wellFormed.charCodeAt(to);
    if (unit >= 0xdc00 && unit < 0xe000) to--;
    yield wellFormed.slice(from, to);
  }
}
