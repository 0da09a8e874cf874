/** Keys for one purpose each, derived from the master key: one secret to keep, none to store. */
import { hkdfSync } from 'node:crypto';
import type { MasterKey } from './secret-box.js';

const KEY_BYTES = 32;

/**
 * 32 bytes by HKDF-SHA-256; equal for equal master key and purpose, so every process that shares
 * the master key has the same one. Source: RFC 5869, the purpose is `info`.
 */
export const deriveKey = (master: MasterKey, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', master.key, Buffer.alloc(0), purpose, KEY_BYTES));
