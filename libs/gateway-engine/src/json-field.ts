/**
 * Reading one field of a parsed JSON body by a dotted path: `metadata.channel`, `messages.0.role`.
 * Only own properties are seen, so `__proto__` and `constructor` are plain data; an array index is
 * a decimal number without leading zeros. A key that itself contains a dot cannot be named.
 */

export type JsonPath = readonly string[];

const ARRAY_INDEX = /^(?:0|[1-9]\d{0,8})$/;

export function parseJsonPath(path: string): JsonPath {
  return path.split('.');
}

/** The value at `path`, or undefined when a step is missing. Never throws. */
export function readJsonPath(body: unknown, path: JsonPath): unknown {
  let value = body;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value) && !ARRAY_INDEX.test(step)) return undefined;
    if (!Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

/** For callers off the hot path; compiled rules keep the parsed path. */
export function jsonField(body: unknown, path: string): unknown {
  return readJsonPath(body, parseJsonPath(path));
}
