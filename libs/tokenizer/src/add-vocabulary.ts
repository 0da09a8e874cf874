/**
 * Adds a vocabulary to a folder from a `tokenizer.json`: converts it, compares it with
 * `@huggingface/tokenizers`, and writes it only when every id is equal.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Encoding } from './encoding.js';
import { parseTokenizerFile, readBpeFile, type BpeFile } from './hugging-face-file.js';
import { convertVocabulary, rankTableOf } from './hugging-face-vocabulary.js';
import { HuggingFaceCounter } from './hugging-face.counter.js';
import { splitterOf } from './piece-splitter.families.js';
import { sampleTexts } from './sample-texts.js';
import { invalid, VocabularyError } from './vocabulary-error.js';
import { compareWithReference, type Comparison } from './vocabulary.comparison.js';
import { isVocabularyName, readTokenizerFile, vocabularyPaths } from './vocabulary.folder.js';
import { packVocabulary } from './vocabulary.pack.js';

export interface AddVocabularyOptions {
  name: string;
  /** Path of a `tokenizer.json`. */
  file: string;
  /** Where it is written; null only compares. */
  directory: string | null;
  /** A text file, or a folder of them, to compare on besides the built-in samples. */
  corpus?: string | undefined;
}

export interface VocabularyReport extends Comparison {
  name: string;
  /** Whether the engine counts it; false: `@huggingface/tokenizers` does, slowly. */
  byteLevel: boolean;
  /** Why it isn't. */
  reason: string | null;
  tokens: number;
  written: string[];
}

/** Throws a VocabularyError for a broken file. Takes seconds; writes nothing where ids differ. */
export function addVocabulary(options: AddVocabularyOptions): VocabularyReport {
  const { name } = options;
  if (!isVocabularyName(name)) throw invalid(`${name} is no name: a-z, 0-9, dot, dash, underscore`);
  const source = readTokenizerFile(options.file);
  const parsed = parseTokenizerFile(source);
  const reference = new HuggingFaceCounter(name, parsed);
  try {
    return addByteLevel({ options, source, file: readBpeFile(parsed), reference });
  } catch (error) {
    if (!(error instanceof VocabularyError) || error.kind === 'invalid') throw error;
    return addOther(options, source, error.message);
  }
}

interface Given {
  options: AddVocabularyOptions;
  source: Buffer;
  file: BpeFile;
  reference: HuggingFaceCounter;
}

function addByteLevel({ options, source, file, reference }: Given): VocabularyReport {
  const { name, directory, corpus } = options;
  const vocabulary = convertVocabulary(file);
  const { tokens, splits, composes } = vocabulary;
  const ranks = rankTableOf(tokens);
  const encoding = new Encoding({ name, ranks, split: splitterOf(splits), composes });
  const texts = [...sampleTexts(), ...corpusTexts(corpus)];
  const comparison = compareWithReference(encoding, reference, texts);
  const isWritten = directory !== null && comparison.different.length === 0;
  return {
    ...comparison,
    ...{ name, byteLevel: true, reason: null },
    tokens: tokens.filter(({ length }) => length > 0).length,
    written: isWritten ? writePacked(directory, name, packVocabulary(vocabulary, source)) : [],
  };
}

function addOther(options: AddVocabularyOptions, source: Buffer, reason: string): VocabularyReport {
  const { name, directory } = options;
  return {
    ...{ name, byteLevel: false, reason, tokens: 0 },
    ...{ compared: 0, different: [] },
    written: directory === null ? [] : writeOriginal(directory, name, source),
  };
}

/** Lines, because the reference is slow on long texts. */
function corpusTexts(path: string | undefined): string[] {
  if (path === undefined) return [];
  const files = statSync(path).isDirectory()
    ? readdirSync(path, { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(path, entry.name))
    : [path];
  return files.flatMap((file) => readFileSync(file, 'utf8').split(/(?<=\n)(?=\S)/u));
}

function writePacked(
  directory: string,
  name: string,
  { ranks, manifest }: ReturnType<typeof packVocabulary>,
): string[] {
  const paths = vocabularyPaths(directory, name);
  write(paths.ranks, ranks);
  write(paths.manifest, `${JSON.stringify(manifest, null, 2)}\n`);
  return [paths.ranks, paths.manifest];
}

function writeOriginal(directory: string, name: string, source: Buffer): string[] {
  const { original } = vocabularyPaths(directory, name);
  write(original, source);
  return [original];
}

/** At once or not at all: a process may be reading the folder. */
function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}.new`;
  writeFileSync(unfinished, content);
  renameSync(unfinished, path);
}
