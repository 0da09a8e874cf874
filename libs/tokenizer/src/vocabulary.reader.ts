/**
 * Reads vocabularies into rank tables: the ones tiktoken ships as text, and our own packed ones.
 *
 * Approach: both decode straight into the buffers the table keeps. Rejected: tiktoken's own loader,
 * which keeps the ranks inside WebAssembly memory where the merge here can't read them.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { brotliDecompressSync } from 'node:zlib';
import { RankTable } from './rank-table.js';

const require = createRequire(import.meta.url);

/**
 * One of tiktoken's `encoders/<name>.json`. Its `bpe_ranks` are lines of `! <first rank>` and
 * base64 tokens, each one rank after the one before.
 */
export function readTiktokenVocabulary(name: string): RankTable {
  const path = require.resolve(`tiktoken/encoders/${name}.json`);
  const file = JSON.parse(readFileSync(path, 'utf8')) as { bpe_ranks: string };
  const blocks = file.bpe_ranks.split('\n').map(readBlock);
  const last = blocks.at(-1);
  if (last === undefined) throw new Error(`vocabulary ${name} is empty`);
  const offsets = new Uint32Array(last.firstRank + last.tokens.length + 1);
  const bytes = new Uint8Array(file.bpe_ranks.length);
  let end = 0;
  let nextRank = 0;
  for (const { firstRank, tokens } of blocks) {
    offsets.fill(end, nextRank, firstRank + 1);
    nextRank = firstRank;
    for (const token of tokens) {
      end += decodeBase64(token, bytes, end);
      offsets[++nextRank] = end;
    }
  }
  return new RankTable(bytes.slice(0, end), offsets);
}

/**
 * One of `vocabularies/<name>.ranks.br`: brotli over a little-endian u32 count, one length byte per
 * token, then all tokens' bytes, in order of rank.
 */
export function readPackedVocabulary(name: string): RankTable {
  const path = new URL(`../vocabularies/${name}.ranks.br`, import.meta.url);
  const packed = brotliDecompressSync(readFileSync(path));
  const count = packed.readUInt32LE(0);
  const bytes = packed.subarray(4 + count);
  const offsets = new Uint32Array(count + 1);
  for (let rank = 0; rank < count; rank++) {
    offsets[rank + 1] = (offsets[rank] as number) + (packed[4 + rank] as number);
  }
  if (offsets[count] !== bytes.length) throw new Error(`vocabulary ${name} is cut short`);
  return new RankTable(bytes, offsets);
}

function readBlock(line: string): { firstRank: number; tokens: string[] } {
  const [, firstRank, ...tokens] = line.split(' ');
  return { firstRank: Number(firstRank), tokens };
}

const BASE64_DIGITS = Int8Array.from({ length: 128 }, (_, code) =>
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.indexOf(
    String.fromCharCode(code),
  ),
);
const PADDING = 0x3d;

/** Writes at `offset` and returns how many bytes; 200,000 calls of `Buffer.from` took 3 × longer. */
function decodeBase64(text: string, target: Uint8Array, offset: number): number {
  let bits = 0;
  let bitCount = 0;
  let written = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === PADDING) break;
    bits = ((bits << 6) | (BASE64_DIGITS[code] as number)) & 0xffff;
    bitCount += 6;
    if (bitCount < 8) continue;
    bitCount -= 8;
    target[offset + written++] = (bits >> bitCount) & 0xff;
  }
  return written;
}
