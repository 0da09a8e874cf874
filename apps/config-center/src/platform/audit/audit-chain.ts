/**
 * Each row's hash covers its content and the hash before it, under a key that is not in the database:
 * whoever can write there can neither edit, remove nor reorder rows without it showing. What the
 * chain alone can't show is its end cut off together with the head row; the head is therefore also
 * logged from time to time.
 */
import { createHmac } from 'node:crypto';
import { canonicalJson } from '@ai-gateway/contracts';
import type { AuditEntryEntity } from './audit-entry.entity.js';

export type ChainedContent = Omit<AuditEntryEntity, 'hash'>;

/** HMAC-SHA-256 in hex over the canonical JSON of everything but the hash itself. */
export function hashOf(key: Buffer, entry: ChainedContent): string {
  const { time, ...rest } = entry;
  const content = canonicalJson({ ...rest, time: time.toISOString() });
  return createHmac('sha256', key).update(content).digest('hex');
}

/** What is wrong with a row, given the one before it; null: it fits. */
export function faultOf(
  key: Buffer,
  entry: AuditEntryEntity,
  previous: { seq: number; hash: string },
): string | null {
  if (entry.seq !== previous.seq + 1) return `rows after ${previous.seq} are missing`;
  if (entry.previous_hash !== previous.hash) return 'does not follow the row before it';
  const { hash, ...content } = entry;
  return hashOf(key, content) === hash ? null : 'was changed';
}
