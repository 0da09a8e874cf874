/**
 * Everything that can count by name in this process: the built-in encodings, and the vocabularies
 * of a folder once `useVocabularies` has named it. Read when first asked for and shared from then
 * on; one that can't be read is named in `brokenVocabularies` and counts as not being there.
 */
import { ENCODING_NAMES, loadEncoding, type EncodingName } from './encoding.registry.js';
import type { TextCounter } from './text-counter.js';
import { VocabularyFolder, type VocabularySource } from './vocabulary.folder.js';

const BUILT_IN: ReadonlySet<string> = new Set(ENCODING_NAMES);
const NOTHING: VocabularySource = {
  names: new Set(),
  load: (name) => {
    throw new Error(`no vocabulary ${name}`);
  },
};

let source = NOTHING;
let folder: string | null = null;
const loaded = new Map<string, TextCounter>();
const broken = new Map<string, string>();

/** The folder is listed now; what is added to it later is found after the next call. */
export function useVocabularies(directory: string): void {
  source = new VocabularyFolder(directory);
  folder = directory;
  loaded.clear();
  broken.clear();
}

/** What `useVocabularies` was given last, for threads to be told the same. */
export function vocabularyDirectory(): string | null {
  return folder;
}

/** Names that rules may use; built-in ones go before those of the folder. */
export function vocabularyNames(): string[] {
  return [...new Set([...BUILT_IN, ...source.names])].filter((name) => !broken.has(name));
}

/** Why vocabularies of the folder could not be read, by name. */
export function brokenVocabularies(): ReadonlyMap<string, string> {
  return broken;
}

/** Whether something by that name counts; it has not been read for this. */
export function hasVocabulary(name: string): boolean {
  return BUILT_IN.has(name) || (source.names.has(name) && !broken.has(name));
}

/** Null where there is none by that name, or it can't be read. Blocks when it is first asked for. */
export function findCounter(name: string): TextCounter | null {
  if (isBuiltIn(name)) return loadEncoding(name);
  if (!hasVocabulary(name)) return null;
  const known = loaded.get(name);
  if (known !== undefined) return known;
  try {
    const counter = source.load(name);
    loaded.set(name, counter);
    return counter;
  } catch (error) {
    broken.set(name, error instanceof Error ? error.message : String(error));
    return null;
  }
}

function isBuiltIn(name: string): name is EncodingName {
  return BUILT_IN.has(name);
}
