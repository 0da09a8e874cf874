/**
 * The vocabularies of a folder, by name: prebuilt (`<name>.ranks.br` with its manifest) or as the
 * original file (`<name>/tokenizer.json`), which is converted at each start.
 *
 * Approach: names come from one listing of the folder and are checked, so that no name that a
 * client sends becomes a path. Files are read when a name is first asked for.
 */
import { readdirSync, readFileSync, statSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { Encoding } from './encoding.js';
import { MAX_FILE_BYTES, parseTokenizerFile, readBpeFile } from './hugging-face-file.js';
import { convertVocabulary, rankTableOf } from './hugging-face-vocabulary.js';
import { HuggingFaceCounter } from './hugging-face.counter.js';
import { splitterOf } from './piece-splitter.families.js';
import type { TextCounter } from './text-counter.js';
import { invalid, VocabularyError } from './vocabulary-error.js';
import { readManifest, unpackVocabulary } from './vocabulary.pack.js';

/** Where vocabularies that are not built in come from. */
export interface VocabularySource {
  readonly names: ReadonlySet<string>;
  /** Throws a VocabularyError for one that is broken. Blocks while it is read. */
  load(name: string): TextCounter;
}

const VOCABULARY_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const RANKS = '.ranks.br';
const MANIFEST = '.vocabulary.json';
const TOKENIZER = 'tokenizer.json';

export function isVocabularyName(name: string): boolean {
  return VOCABULARY_NAME.test(name);
}

export function vocabularyPaths(directory: string, name: string) {
  return {
    ranks: join(directory, `${name}${RANKS}`),
    manifest: join(directory, `${name}${MANIFEST}`),
    original: join(directory, name, TOKENIZER),
  };
}

/** A folder that doesn't exist has no vocabularies. */
export class VocabularyFolder implements VocabularySource {
  readonly names: ReadonlySet<string>;
  private readonly prebuilt: ReadonlySet<string>;

  constructor(private readonly directory: string) {
    const entries = entriesOf(directory);
    this.prebuilt = new Set(entries.flatMap((entry) => prebuiltName(entry)));
    const originals = entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
    this.names = new Set([...this.prebuilt, ...originals].filter(isVocabularyName));
  }

  load(name: string): TextCounter {
    if (!this.names.has(name)) throw invalid(`there is no vocabulary ${name}`);
    try {
      return this.prebuilt.has(name) ? this.loadPrebuilt(name) : this.loadOriginal(name);
    } catch (error) {
      if (error instanceof VocabularyError) throw error;
      throw new VocabularyError('invalid', 'it cannot be read', { cause: error });
    }
  }

  private loadPrebuilt(name: string): TextCounter {
    const paths = vocabularyPaths(this.directory, name);
    const manifest = readManifest(readFileSync(paths.manifest, 'utf8'));
    const ranks = unpackVocabulary(readFileSync(paths.ranks), manifest);
    const { splits, composes } = manifest;
    return new Encoding({ name, ranks, split: splitterOf(splits), composes });
  }

  private loadOriginal(name: string): TextCounter {
    const path = vocabularyPaths(this.directory, name).original;
    return counterOfFile(name, readTokenizerFile(path));
  }
}

/** Reads no more than a vocabulary may have. */
export function readTokenizerFile(path: string): Buffer {
  if (statSync(path).size > MAX_FILE_BYTES) {
    throw invalid(`${path} is larger than ${MAX_FILE_BYTES} bytes`);
  }
  return readFileSync(path);
}

/** The engine where it is exact, else the slow counter. */
export function counterOfFile(name: string, source: Buffer): TextCounter {
  const file = parseTokenizerFile(source);
  try {
    const { tokens, splits, composes } = convertVocabulary(readBpeFile(file));
    return new Encoding({
      name,
      ranks: rankTableOf(tokens),
      split: splitterOf(splits),
      composes,
    });
  } catch (error) {
    if (!(error instanceof VocabularyError) || error.kind === 'invalid') throw error;
    return new HuggingFaceCounter(name, file);
  }
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function prebuiltName(entry: Dirent): string[] {
  return entry.name.endsWith(MANIFEST) ? [entry.name.slice(0, -MANIFEST.length)] : [];
}
