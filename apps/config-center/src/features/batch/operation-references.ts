/**
 * `$<n>.<field>` in an operation: a field of the result of operation n. As a path segment it must be
 * an id, because a name could be `..` or that of an action; as a whole body value it keeps its type.
 * `$$0.field` is the text `$0.field`.
 */
import { AdminError } from '@ai-gateway/nest-runtime';

const REFERENCE = /^\$(\d{1,6})\.([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)$/;
const ESCAPED = /^\$\$+\d{1,6}\.[A-Za-z_][A-Za-z0-9_.]*$/;
const NEEDS_ESCAPE = /^\$+\d{1,6}\.[A-Za-z_][A-Za-z0-9_.]*$/;

/** Bodies of the operations so far; undefined where one gave none. */
export type Results = readonly unknown[];

export const referenceTo = (operation: number, field: string): string => `$${operation}.${field}`;

export function resolvePath(path: string, results: Results): string {
  const [pathname, query] = splitOnce(path, '?');
  const segments = pathname.split('/').map((segment) => resolveSegment(segment, results));
  return segments.join('/') + (query === undefined ? '' : `?${query}`);
}

export function resolveBody(value: unknown, results: Results): unknown {
  if (typeof value === 'string') return resolveText(value, results);
  if (Array.isArray(value)) return value.map((item) => resolveBody(item, results));
  if (typeof value !== 'object' || value === null) return value;
  // Also keeps a key named __proto__, which the schema of the route then refuses.
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, resolveBody(field, results)]),
  );
}

/** Makes texts that look like references stand for themselves. */
export function escapeReferences(value: unknown): unknown {
  if (typeof value === 'string') return NEEDS_ESCAPE.test(value) ? `$${value}` : value;
  if (Array.isArray(value)) return value.map(escapeReferences);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, escapeReferences(field)]),
  );
}

/** The operations a path or body refers to. */
export function referencesIn(value: unknown): number[] {
  const [, operation] = REFERENCE.exec(typeof value === 'string' ? value : '') ?? [];
  if (operation !== undefined) return [Number(operation)];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(referencesIn);
}

function resolveSegment(segment: string, results: Results): string {
  if (!REFERENCE.test(segment)) return segment;
  const value = resolveText(segment, results);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return String(value);
  throw refused(`${segment} is no id`);
}

function resolveText(text: string, results: Results): unknown {
  if (ESCAPED.test(text)) return text.slice(1);
  const [, operation, fields] = REFERENCE.exec(text) ?? [];
  if (operation === undefined || fields === undefined) return text;
  const value = fields.split('.').reduce(fieldOf, results[Number(operation)]);
  if (value === undefined) {
    throw refused(`${text} is no field of an earlier operation’s result`);
  }
  return value;
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;

const refused = (message: string): AdminError =>
  new AdminError('UNPROCESSABLE', { details: [{ path: '', message }] });

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
