/**
 * Changes fields of a JSON body within its original bytes: what isn't changed stays byte-identical
 * (numbers beyond 2^53, key order, escapes). Rejected: `JSON.stringify` of the parsed body.
 */
import { asRecord } from './json-value.js';
import type { ByteRange, JsonScan } from './json-scan.js';

export interface FieldEdit {
  /** Where the field's value stands; null adds the field as the object's first member. */
  readonly range: ByteRange | null;
  readonly name: string;
  /** The new value, JSON text. */
  readonly json: string;
}

/** @param bytes a valid JSON object @param edits of distinct top-level fields, in any order */
export function spliceFields(bytes: Buffer, edits: readonly FieldEdit[]): Buffer {
  const inserted = edits.filter(({ range }) => range === null);
  const replaced = edits.flatMap(({ range, json }) => (range === null ? [] : [{ range, json }]));
  replaced.sort((one, other) => one.range.start - other.range.start);
  const parts: Buffer[] = [];
  let from = 0;
  if (inserted.length > 0) {
    from = bytes.indexOf('{') + 1;
    parts.push(bytes.subarray(0, from), Buffer.from(membersText(bytes, from, inserted)));
  }
  for (const { range, json } of replaced) {
    parts.push(bytes.subarray(from, range.start), Buffer.from(json));
    from = range.end;
  }
  parts.push(bytes.subarray(from));
  return Buffer.concat(parts);
}

/** Replaces the value at `range`, or adds the field when there is none. */
export const spliceField = (
  bytes: Buffer,
  range: ByteRange | null,
  name: string,
  value: unknown,
): Buffer => spliceFields(bytes, [{ range, name, json: JSON.stringify(value) }]);

/** The edit that gives a top-level field another value. */
export const fieldEdit = (scan: JsonScan, name: string, value: unknown): FieldEdit => ({
  range: scan.rangeOf(name),
  name,
  json: JSON.stringify(value),
});

/** The edit that makes an OpenAI-shaped upstream report usage at the end of a stream. */
export function includeUsageEdit(bytes: Buffer, scan: JsonScan, body: unknown): FieldEdit {
  const name = 'stream_options';
  const range = scan.rangeOf(name);
  if (range === null || asRecord(asRecord(body)?.[name]) === null) {
    return { range, name, json: '{"include_usage":true}' };
  }
  const inner = scan.rangeOf(`${name}.include_usage`);
  const options = bytes.subarray(range.start, range.end);
  const within = inner && { start: inner.start - range.start, end: inner.end - range.start };
  return { range, name, json: spliceField(options, within, 'include_usage', true).toString() };
}

function membersText(bytes: Buffer, from: number, edits: readonly FieldEdit[]): string {
  const members = edits.map(({ name, json }) => `${JSON.stringify(name)}:${json}`).join(',');
  return isEmptyObject(bytes, from) ? members : `${members},`;
}

/** @param from after the opening brace */
function isEmptyObject(bytes: Buffer, from: number): boolean {
  let pos = from;
  while (pos < bytes.length && (bytes[pos] ?? 0) <= 0x20) pos++;
  return bytes[pos] === 0x7d;
}
