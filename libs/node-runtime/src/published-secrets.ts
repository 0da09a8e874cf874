/** Secrets that stand in public documents or are the first guess of an attacker. */
const PUBLISHED_SECRETS: ReadonlySet<string> = new Set([
  '123456',
  'admin',
  'admin_secret_token',
  'ai_gateway',
  'ai_gateway_pass',
  'ai_gateway_redis_pass',
  'ai_gateway_root',
  'changeme',
  'password',
  'secret',
  'your_password',
  'your_admin_token',
  'your_token',
]);

/** True for a secret everybody knows, also as the password within a URL. */
export function isPublishedSecret(value: string): boolean {
  if (PUBLISHED_SECRETS.has(value.toLowerCase())) return true;
  if (!URL.canParse(value)) return false;
  const { password } = new URL(value);
  return PUBLISHED_SECRETS.has(decoded(password).toLowerCase());
}

/** A stray `%` is part of the password, not a reason to fail. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
