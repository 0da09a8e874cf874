/**
 * What is prepared for later, or given to some instances first, can only be configuration: users and
 * API keys take effect everywhere at once, and the secret of a new key is shown once, to its caller.
 */
import type { BatchOperation } from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';

const CREDENTIALS = /\/(users|api-keys)(\/|\?|$)/;

/** Rejects with UNPROCESSABLE. */
export function requireConfigurationOnly(operations: readonly BatchOperation[]): void {
  const details = operations.flatMap(({ path }, index) =>
    CREDENTIALS.test(path)
      ? [{ path: `operations.${index}.path`, message: 'is no configuration' }]
      : [],
  );
  if (details.length > 0) throw new AdminError('UNPROCESSABLE', { details });
}
