/**
 * One text per value, whatever order its keys came in: what digests and hash chains are made of, on
 * both planes. Databases and parsers may reorder keys; content decides. Written by hand, because
 * `JSON.stringify` puts keys that look like numbers in an order of its own and throws on a value
 * that is nested deep enough.
 */

/** MySQL keeps JSON of up to 100 levels. */
const MAX_DEPTH = 100;

/**
 * JSON with the keys of every object in order, so that equal values have equal texts. What lies
 * deeper than any of our stores can keep reads as null, so that no value can exhaust the stack.
 */
export function canonicalJson(value: unknown, depth = 0): string {
  if (value === null || typeof value !== 'object') return jsonOf(value);
  if (depth === MAX_DEPTH) return 'null';
  if (Array.isArray(value)) {
    return `[${value.map((item) => canonicalJson(item, depth + 1)).join(',')}]`;
  }
  let fields = '';
  for (const key of Object.keys(value).sort()) {
    const field = (value as Readonly<Record<string, unknown>>)[key];
    if (field === undefined) continue;
    fields += `${fields === '' ? '' : ','}${jsonOf(key)}:${canonicalJson(field, depth + 1)}`;
  }
  return `{${fields}}`;
}

const jsonOf = (value: unknown): string => (value === undefined ? 'null' : JSON.stringify(value));
