/**
 * The encodings there are. A vocabulary is read when its encoding is first asked for (about a tenth
 * of a second) and shared from then on by everybody in the process.
 */
import { Encoding } from './encoding.js';
import {
  splitCl100k,
  splitGpt2,
  splitO200k,
  splitQwen,
  type PieceSplitter,
} from './piece-splitter.js';
import type { RankTable } from './rank-table.js';
import { readPackedVocabulary, readTiktokenVocabulary } from './vocabulary.reader.js';

export const ENCODING_NAMES = [
  'o200k_base',
  'cl100k_base',
  'p50k_base',
  'r50k_base',
  'qwen2',
] as const;
export type EncodingName = (typeof ENCODING_NAMES)[number];

interface EncodingSource {
  read: (name: string) => RankTable;
  split: PieceSplitter;
  composes: boolean;
}

const fromTiktoken = (split: PieceSplitter): EncodingSource => ({
  read: readTiktokenVocabulary,
  split,
  composes: false,
});

const SOURCES: Readonly<Record<EncodingName, EncodingSource>> = {
  o200k_base: fromTiktoken(splitO200k),
  cl100k_base: fromTiktoken(splitCl100k),
  p50k_base: fromTiktoken(splitGpt2),
  r50k_base: fromTiktoken(splitGpt2),
  qwen2: { read: readPackedVocabulary, split: splitQwen, composes: true },
};

const loaded = new Map<EncodingName, Encoding>();

/** Blocks while a vocabulary is read the first time; call it at start for what must be ready. */
export function loadEncoding(name: EncodingName): Encoding {
  const present = loaded.get(name);
  if (present !== undefined) return present;
  const { read, split, composes } = SOURCES[name];
  const encoding = new Encoding({ name, ranks: read(name), split, composes });
  loaded.set(name, encoding);
  return encoding;
}
