/**
 * Vocabularies as files: `<name>.ranks.br` beside `<name>.vocabulary.json`, which says how text is
 * split and holds the checksum.
 *
 * Approach: the ranks in the form that the checked-in vocabularies have (see
 * `vocabularies/README.md`), read in some 20 ms; what differs between vocabularies as plain JSON.
 * Rejected: reading `tokenizer.json` at each start, a second for 10 MB.
 */
import { createHash } from 'node:crypto';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { isRecord } from './chat.types.js';
import { MAX_TOKENS } from './hugging-face-file.js';
import type { Vocabulary } from './hugging-face-vocabulary.js';
import { isKnownSplit } from './piece-splitter.families.js';
import { RankTable } from './rank-table.js';
import { invalid } from './vocabulary-error.js';

const FORMAT = 1;
/** Of the unpacked ranks; a small file must not fill the memory. */
const MAX_UNPACKED_BYTES = 64 * 1_048_576;
/** A tenth of the time of the highest quality, and 5 % more bytes. */
const QUALITY = 9;

export interface Manifest {
  format: number;
  /** Ranks, gaps included. */
  tokens: number;
  splits: string[];
  composes: boolean;
  /** Of `<name>.ranks.br`. */
  sha256: string;
  /** Of the `tokenizer.json` it was made from. */
  source_sha256: string;
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function packVocabulary(
  { tokens, splits, composes }: Vocabulary,
  source: Uint8Array,
): { ranks: Buffer; manifest: Manifest } {
  const header = Buffer.alloc(4);
  header.writeUInt32LE(tokens.length);
  const lengths = Uint8Array.from(tokens, ({ length }) => length);
  const ranks = brotliCompressSync(Buffer.concat([header, lengths, ...tokens]), {
    params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY, [constants.BROTLI_PARAM_LGWIN]: 22 },
  });
  const manifest: Manifest = {
    format: FORMAT,
    tokens: tokens.length,
    splits: [...splits],
    composes,
    sha256: sha256Of(ranks),
    source_sha256: sha256Of(source),
  };
  return { ranks, manifest };
}

/** Throws a VocabularyError for what `packVocabulary` didn't write, or wrote otherwise. */
export function readManifest(text: string): Manifest {
  const given = parse(text);
  const isManifest =
    isRecord(given) &&
    given['format'] === FORMAT &&
    isPatterns(given['splits']) &&
    typeof given['composes'] === 'boolean' &&
    typeof given['tokens'] === 'number' &&
    typeof given['sha256'] === 'string' &&
    typeof given['source_sha256'] === 'string';
  if (!isManifest) throw invalid(`its manifest is not of format ${FORMAT}`);
  return given as unknown as Manifest;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw invalid('its manifest is not JSON');
  }
}

function isPatterns(given: unknown): boolean {
  return (
    Array.isArray(given) &&
    given.every((pattern) => typeof pattern === 'string') &&
    isKnownSplit(given)
  );
}

/** Throws a VocabularyError where the ranks aren't the ones that the manifest speaks of. */
export function unpackVocabulary(ranks: Buffer, manifest: Manifest): RankTable {
  if (sha256Of(ranks) !== manifest.sha256) throw invalid('its checksum is wrong');
  return unpackRanks(brotliDecompressSync(ranks, { maxOutputLength: MAX_UNPACKED_BYTES }));
}

function unpackRanks(unpacked: Buffer): RankTable {
  const count = unpacked.readUInt32LE(0);
  if (count > MAX_TOKENS + 1) throw invalid('it has too many ranks');
  const bytes = unpacked.subarray(4 + count);
  const offsets = new Uint32Array(count + 1);
  for (let rank = 0; rank < count; rank++) {
    offsets[rank + 1] = (offsets[rank] as number) + (unpacked[4 + rank] as number);
  }
  if (offsets[count] !== bytes.length) throw invalid('it is cut short');
  return new RankTable(bytes, offsets);
}
