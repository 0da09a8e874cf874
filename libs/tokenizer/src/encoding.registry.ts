/**
 * The encodings there are. A vocabulary is read when its encoding is first asked for: some
 * milliseconds from the tables that the build prepared, a tenth of a second and more without them.
 * From then on everybody in the process shares it.
 */
import { fileURLToPath } from 'node:url';
import { Encoding, makePairs } from './encoding.js';
import {
  splitCl100k,
  splitGpt2,
  splitO200k,
  splitQwen,
  type PieceSplitter,
} from './piece-splitter.js';
import { readPrebuilt, type EncodingTables } from './prebuilt-table.js';
import { PairTable, type SharedPairs } from './pair-table.js';
import { RankTable, type SharedRanks } from './rank-table.js';
import { readPackedVocabulary, readTiktokenVocabulary } from './vocabulary.reader.js';

export const ENCODING_NAMES = [
  'o200k_base',
  'cl100k_base',
  'p50k_base',
  'r50k_base',
  'qwen2',
] as const;
export type EncodingName = (typeof ENCODING_NAMES)[number];

/** Names of encodings that differ from another in special tokens only, which are text here. */
const SAME_AS: ReadonlyMap<string, EncodingName> = new Map([
  ['o200k_harmony', 'o200k_base'],
  ['p50k_edit', 'p50k_base'],
  ['gpt2', 'r50k_base'],
]);

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

/** From the compiled code and from the sources alike. */
export const PREBUILT_FOLDER = new URL('../dist/tables/', import.meta.url);

export const prebuiltFile = (name: EncodingName): string =>
  fileURLToPath(new URL(`${name}.tables`, PREBUILT_FOLDER));

const loaded = new Map<EncodingName, Encoding>();
const tables = new Map<EncodingName, EncodingTables>();

/** Blocks while a vocabulary is read the first time; call it at start for what must be ready. */
export function loadEncoding(name: EncodingName): Encoding {
  const present = loaded.get(name);
  if (present !== undefined) return present;
  const { split, composes } = SOURCES[name];
  const { ranks, pairs } = tablesOf(name);
  const encoding = new Encoding({ name, ranks, pairs, split, composes });
  loaded.set(name, encoding);
  return encoding;
}

/** As `loadEncoding`, for a name from outside; null for one that is unknown. */
export function encodingOf(name: string): Encoding | null {
  const known = SAME_AS.get(name) ?? ENCODING_NAMES.find((each) => each === name);
  return known === undefined ? null : loadEncoding(known);
}

/** The ids of a text. Special tokens in it are text, lone surrogates U+FFFD. */
export function encodeText(encoding: Encoding, text: string): number[] {
  return encoding.encode(text);
}

/** What a message to a worker thread may carry; the memory is shared, not copied. */
export interface SharedTables {
  readonly ranks: SharedRanks;
  readonly pairs: SharedPairs | null;
}

export function sharedTablesOf(name: EncodingName): SharedTables {
  const { ranks, pairs } = tablesOf(name);
  return { ranks: ranks.shared, pairs: pairs?.shared ?? null };
}

/** In a worker, before the encoding is first asked for: it uses these and reads no file. */
export function adoptTables(name: EncodingName, { ranks, pairs }: SharedTables): void {
  tables.set(name, {
    ranks: RankTable.fromShared(ranks),
    pairs: pairs === null ? null : PairTable.fromShared(pairs),
  });
}

function tablesOf(name: EncodingName): EncodingTables {
  const known = tables.get(name) ?? readPrebuilt(prebuiltFile(name)) ?? makeTables(name);
  tables.set(name, known);
  return known;
}

export function makeTables(name: EncodingName): EncodingTables {
  const ranks = SOURCES[name].read(name);
  return { ranks, pairs: makePairs(ranks) };
}
