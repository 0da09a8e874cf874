/**
 * Encodings' tables as files: read in a few milliseconds where making them of the ranks takes a
 * tenth of a second and more.
 *
 * Approach: the typed arrays of both tables one after the other, as they lie in memory, read into
 * one shared buffer. The build makes the files from the vocabularies (`prebuild.command.ts`); they
 * are never checked in. Without a file, or with one of another format or machine, the tables are
 * made of the ranks.
 * Rejected: compressing them (decompression costs more than reading); V8's serialisation of the
 * objects (copies, and cannot be shared between threads).
 */
import { closeSync, fstatSync, openSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { PairTable } from './pair-table.js';
import { RankTable } from './rank-table.js';

export interface EncodingTables {
  readonly ranks: RankTable;
  readonly pairs: PairTable | null;
}

/** Read back in another byte order this is another number, and so is it after a change of format. */
const MAGIC = 0x746f6b01;
const WORD = 4;

/** Numbers at the beginning: magic, longest token, and the lengths of the arrays in words. */
const HEADER_WORDS = 2 + 7;

export function writePrebuilt(file: string, { ranks, pairs }: EncodingTables): void {
  if (pairs === null) return;
  const { bytes, longest } = ranks.shared;
  const padded = new Uint8Array(Math.ceil(bytes.length / WORD) * WORD);
  padded.set(bytes);
  const arrays = [
    new Int32Array(padded.buffer),
    Int32Array.from(ranks.shared.offsets),
    ranks.shared.slots,
    ranks.shared.pairs,
    pairs.shared.slots,
    pairs.shared.parts,
    Int32Array.from([...pairs.shared.bytePairs, ...pairs.shared.byteIds]),
  ];
  const header = Int32Array.of(MAGIC, longest, ...arrays.map(({ length }) => length));
  const parts = [header, ...arrays].map((array) =>
    Buffer.from(array.buffer, array.byteOffset, array.byteLength),
  );
  // Whoever reads meanwhile finds the old file or the new one, never half of it.
  writeFileSync(`${file}.part`, Buffer.concat(parts));
  renameSync(`${file}.part`, file);
}

/** Null where there is no file that fits. */
export function readPrebuilt(file: string): EncodingTables | null {
  const words = readWords(file);
  if (words?.[0] !== MAGIC) return null;
  const lengths = words.subarray(2, HEADER_WORDS);
  if (lengths.reduce((sum, length) => sum + length, HEADER_WORDS) !== words.length) return null;
  let next = HEADER_WORDS;
  const arrays = Array.from(lengths, (length) => words.subarray(next, (next += length)));
  const [text, starts, slots, pairs, pairSlots, parts, byBytes] = arrays as Seven;
  const offsets = new Uint32Array(starts.buffer, starts.byteOffset, starts.length);
  const bytes = new Uint8Array(text.buffer, text.byteOffset, offsets.at(-1));
  const longest = words[1] as number;
  return {
    ranks: RankTable.fromShared({ bytes, offsets, slots, pairs, longest }),
    pairs: PairTable.fromShared({
      slots: pairSlots,
      parts,
      bytePairs: byBytes.subarray(0, 0x10000),
      byteIds: byBytes.subarray(0x10000),
    }),
  };
}

type Words = Int32Array<SharedArrayBuffer>;
type Seven = [Words, Words, Words, Words, Words, Words, Words];

function readWords(file: string): Words | null {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return null;
  }
  try {
    const words = new Int32Array(new SharedArrayBuffer(fstatSync(descriptor).size & -WORD));
    readSync(descriptor, words);
    return words;
  } finally {
    closeSync(descriptor);
  }
}
