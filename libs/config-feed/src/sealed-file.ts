/**
 * A file only holders of the key can read or make: one header line in clear, then gzip within
 * AES-256-GCM, then the tag. The header is authenticated with the content. Nothing of a file is
 * interpreted before its tag has proved right, so what is damaged or foreign never reaches a parser.
 * Rejected: the sealing of single secrets (`SealedSecret`), which holds everything in memory as
 * base64 and would block the process for a large configuration.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip, createGzip } from 'node:zlib';
import { EventLoopPacer } from './event-loop.pacer.js';
import { linesOf, type LineBounds } from './line.reader.js';

export interface SealingKey {
  /** Names the key in clear, so that a file of another one is recognised. */
  kid: string;
  /** 32 bytes. */
  key: Uint8Array;
}

const MAGIC = 'ai-gateway-snapshot';
const VERSION = '1';
const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MAX_HEADER_BYTES = 256;
const CHUNK_BYTES = 64 * 1024;

/** Writes from the current position of `file`; the caller syncs and closes it. */
export async function writeSealed(
  file: FileHandle,
  { kid, key }: SealingKey,
  lines: Iterable<string>,
): Promise<void> {
  const nonce = randomBytes(NONCE_BYTES);
  const header = Buffer.from(`${MAGIC} ${VERSION} ${kid} ${nonce.toString('base64url')}\n`);
  const cipher = createCipheriv(ALGORITHM, key, nonce);
  cipher.setAAD(header);
  await file.writeFile(header);
  await pipeline(
    chunksOf(lines),
    createGzip({ level: constants.Z_BEST_SPEED }),
    cipher,
    async (sealed: AsyncIterable<Buffer>) => {
      for await (const bytes of sealed) await file.writeFile(bytes);
    },
  );
  await file.writeFile(cipher.getAuthTag());
}

/** Yields the lines; throws before the first one when the file is not whole or not of this key. */
export async function* readSealed(
  file: FileHandle,
  key: SealingKey,
  bounds: LineBounds,
): AsyncGenerator<string> {
  const compressed = await unseal(file, key, bounds.maxBytes);
  const unzipped = Readable.from(compressed).pipe(createGunzip());
  yield* linesOf(unzipped as AsyncIterable<Buffer>, bounds);
}

async function unseal(file: FileHandle, key: SealingKey, maxBytes: number): Promise<Buffer[]> {
  const { size } = await file.stat();
  if (size > maxBytes) throw new Error(`the file has more than ${maxBytes} bytes`);
  const header = await readHeader(file);
  const nonce = nonceOf(header, key.kid);
  const end = size - TAG_BYTES;
  if (end <= header.length) throw new Error('the file is cut off');
  const tag = Buffer.alloc(TAG_BYTES);
  await file.read(tag, 0, TAG_BYTES, end);
  const decipher = createDecipheriv(ALGORITHM, key.key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(header);
  decipher.setAuthTag(tag);
  const parts: Buffer[] = [];
  const body = file.createReadStream({ start: header.length, end: end - 1, autoClose: false });
  for await (const bytes of body) parts.push(decipher.update(bytes as Buffer));
  try {
    parts.push(decipher.final());
  } catch (cause) {
    throw new Error('the file was changed or cut off', { cause });
  }
  return parts;
}

async function readHeader(file: FileHandle): Promise<Buffer> {
  const start = Buffer.alloc(MAX_HEADER_BYTES);
  const { bytesRead } = await file.read(start, 0, MAX_HEADER_BYTES, 0);
  const end = start.subarray(0, bytesRead).indexOf('\n');
  if (end === -1) throw new Error('the file has no header');
  return start.subarray(0, end + 1);
}

function nonceOf(header: Buffer, kid: string): Buffer {
  const [magic, version, fileKid, nonce = ''] = header.toString('latin1').trimEnd().split(' ');
  if (magic !== MAGIC) throw new Error('the file is something else');
  if (version !== VERSION) throw new Error('the file is of another version');
  if (fileKid !== kid) throw new Error('the file is sealed with another master key');
  const bytes = Buffer.from(nonce, 'base64url');
  if (bytes.length !== NONCE_BYTES) throw new Error('the header was changed');
  return bytes;
}

async function* chunksOf(lines: Iterable<string>): AsyncGenerator<Buffer> {
  const pacer = new EventLoopPacer();
  let chunk: string[] = [];
  let length = 0;
  for (const line of lines) {
    chunk.push(line, '\n');
    length += line.length;
    await pacer.pause();
    if (length < CHUNK_BYTES) continue;
    yield Buffer.from(chunk.join(''), 'utf8');
    chunk = [];
    length = 0;
  }
  yield Buffer.from(chunk.join(''), 'utf8');
}
