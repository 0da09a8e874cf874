/**
 * Says why one configured resource cannot be compiled. Thrown by compile steps and caught in one
 * place, the table builder, which reports the reason and compiles the others.
 */
export class UncompilableError extends Error {
  override readonly name = 'UncompilableError';
}
