/**
 * The form of an API key and the digest it is stored and looked up by. A key holds 160 random bits,
 * so a keyed hash is enough; a slow password hash would only cost time on every request. The
 * checksum tells a mistyped key from an unknown one without a look-up. Rejected: a plain SHA-256,
 * whose leaked digests could be tested without the pepper.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { API_KEY_PREFIX } from '@ai-gateway/contracts';
import { deriveKey } from './derived-key.js';
import type { MasterKey } from './secret-box.js';

const RANDOM_BYTES = 20;
const CHECKSUM_DIGITS = 8;
const SHAPE = new RegExp(`^${API_KEY_PREFIX}[0-9a-f]{${RANDOM_BYTES * 2 + CHECKSUM_DIGITS}}$`);

/** `agw_`, 40 hex digits of randomness, 8 hex digits of CRC-32 over all before. */
export function newApiKey(): string {
  const unchecked = API_KEY_PREFIX + randomBytes(RANDOM_BYTES).toString('hex');
  return unchecked + checksumOf(unchecked);
}

/** True when form and checksum hold; says nothing about whether the key exists. */
export function hasApiKeyShape(text: string): boolean {
  if (!SHAPE.test(text)) return false;
  return checksumOf(text.slice(0, -CHECKSUM_DIGITS)) === text.slice(-CHECKSUM_DIGITS);
}

/** Hex HMAC-SHA-256 of a key under the pepper of this master key. About 3 µs a call. */
export function createApiKeyDigest(master: MasterKey): (key: string) => string {
  const pepper = deriveKey(master, 'ai-gateway api key digest');
  return (key) => createHmac('sha256', pepper).update(key).digest('hex');
}

const checksumOf = (text: string): string =>
  crc32(text).toString(16).padStart(CHECKSUM_DIGITS, '0');
