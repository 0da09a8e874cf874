/**
 * Why a tokenizer file was not taken. `invalid`: nobody can use it. `unsupported`: it is sound, but
 * the engine can't represent it exactly; the slow fallback may.
 */
export class VocabularyError extends Error {
  constructor(
    readonly kind: 'invalid' | 'unsupported',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'VocabularyError';
  }
}

export function invalid(message: string): VocabularyError {
  return new VocabularyError('invalid', message);
}

export function unsupported(message: string): VocabularyError {
  return new VocabularyError('unsupported', message);
}
