/**
 * Envelope encryption for secrets at rest. Each record has its own data key, wrapped by the master
 * key; the associated data names table, column and row, so a ciphertext moved elsewhere is refused.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { SealedSecret } from '@ai-gateway/contracts';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface MasterKey {
  /** First 16 hex digits of the key's SHA-256. */
  kid: string;
  key: Buffer;
}

/** @param text 32 bytes as base64 or hex */
export function parseMasterKey(text: string): MasterKey {
  const key = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64');
  if (key.length !== KEY_BYTES) throw new Error('the master key must be 32 bytes, base64 or hex');
  const kid = createHash('sha256').update(key).digest('hex').slice(0, 16);
  return { kid, key };
}

export const newMasterKeyText = (): string => randomBytes(KEY_BYTES).toString('base64');

/** @param place `table|column|row id` the secret belongs to */
export function sealSecret(master: MasterKey, place: string, secret: string): SealedSecret {
  const dataKey = randomBytes(KEY_BYTES);
  const wrapNonce = randomBytes(NONCE_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  return {
    kid: master.kid,
    wrapped_key: encrypt(master.key, wrapNonce, `${place}|${master.kid}`, dataKey),
    wrap_nonce: wrapNonce.toString('base64'),
    nonce: nonce.toString('base64'),
    ciphertext: encrypt(dataKey, nonce, place, Buffer.from(secret, 'utf8')),
    hint: secret.length >= 12 ? `…${secret.slice(-4)}` : '…',
  };
}

/** Throws when the key is another one or anything was changed or moved. */
export function openSecret(master: MasterKey, place: string, sealed: SealedSecret): string {
  if (sealed.kid !== master.kid) throw new Error(`sealed with master key ${sealed.kid}`);
  const wrapNonce = Buffer.from(sealed.wrap_nonce, 'base64');
  const dataKey = decrypt(master.key, wrapNonce, `${place}|${sealed.kid}`, sealed.wrapped_key);
  const nonce = Buffer.from(sealed.nonce, 'base64');
  return decrypt(dataKey, nonce, place, sealed.ciphertext).toString('utf8');
}

function encrypt(key: Buffer, nonce: Buffer, associated: string, plain: Buffer): string {
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(associated, 'utf8'));
  const parts = [cipher.update(plain), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(parts).toString('base64');
}

function decrypt(key: Buffer, nonce: Buffer, associated: string, sealed: string): Buffer {
  const bytes = Buffer.from(sealed, 'base64');
  if (bytes.length < TAG_BYTES) throw new Error('sealed secret is truncated');
  const decipher = createDecipheriv('aes-256-gcm', key, nonce);
  decipher.setAAD(Buffer.from(associated, 'utf8'));
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
  return Buffer.concat([
    decipher.update(bytes.subarray(0, bytes.length - TAG_BYTES)),
    decipher.final(),
  ]);
}
