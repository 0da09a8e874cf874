/** Providers echo keys in error texts (`Incorrect API key provided: sk-…abcd`). */
const KEY_SHAPED = /\b(?:sk|pk|agw|key)[-_][A-Za-z0-9_*.…-]{6,}/g;
const REDACTED = '[redacted]';

export function redactSecrets(text: string, credential: string | null): string {
  const withoutOurs = credential === null ? text : text.replaceAll(credential, REDACTED);
  return withoutOurs.replace(KEY_SHAPED, REDACTED);
}
