/**
 * A value as the audit trail and diffs show it: secrets, even sealed ones, are replaced by a
 * fingerprint that only says whether it is still the same.
 */
import { createHash } from 'node:crypto';
import { sealedSecretSchema } from '@ai-gateway/contracts';

const NEVER_SHOWN = new Set(['password', 'password_hash', 'refresh_digest']);
const DIGESTS = new Set(['digest']);

export function shownValue(value: object): object {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !NEVER_SHOWN.has(name))
      .map(([name, field]) => [name, shownField(name, field)]),
  );
}

function shownField(name: string, field: unknown): unknown {
  if (DIGESTS.has(name) && typeof field === 'string') return { fingerprint: fingerprint(field) };
  if (field instanceof Date) return field.toISOString();
  if (Array.isArray(field)) return field.map((item) => shownField('', item));
  if (typeof field !== 'object' || field === null) return field;
  const sealed = sealedSecretSchema.safeParse(field);
  if (!sealed.success) return shownValue(field);
  return { fingerprint: fingerprint(sealed.data.ciphertext), hint: sealed.data.hint };
}

const fingerprint = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 16);
