/**
 * A draft stands in the database, in answers and on the audit trail just as it was written, so no
 * secret may stand in it. Rejected: to seal them in drafts, because nobody could see or check what
 * publishing will write.
 */
import type { BatchOperation } from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';

const SECRET_FIELDS = new Set(['credential', 'password']);

/** Rejects with UNPROCESSABLE. */
export function requireNoSecrets(operations: readonly BatchOperation[]): void {
  const details = operations
    .flatMap(({ body }, index) => secretsIn(body, `operations.${index}.body`))
    .map((path) => ({ path, message: 'is a secret, which a draft cannot keep; set it by itself' }));
  if (details.length > 0) throw new AdminError('UNPROCESSABLE', { details });
}

function secretsIn(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, field]) =>
    SECRET_FIELDS.has(name) && field !== null
      ? [`${path}.${name}`]
      : secretsIn(field, `${path}.${name}`),
  );
}
