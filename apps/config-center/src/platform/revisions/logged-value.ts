/**
 * Values of the change log as raw rows carry them: JSON as text on SQLite and MariaDB, parsed on
 * MySQL. A row that was written past the API may hold anything; it must neither keep others from
 * being read nor itself from being replaced.
 */

/** What is not JSON is the text it is: gateways refuse that resource alone. */
export function loggedValue(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** The same for people and comparisons, which want an object or nothing. */
export function loggedObject(value: unknown): object | null {
  const parsed = loggedValue(value) ?? null;
  return typeof parsed === 'object' ? parsed : { unreadable: parsed };
}
