/**
 * JSON as Python's `json.dumps(value, ensure_ascii=False)` writes it (a blank after comma and
 * colon), which is what chat templates put before the model.
 *
 * Approach: an explicit stack instead of recursion, because values come from clients and
 * `JSON.stringify` overflows on some thousand levels of nesting.
 */

type Item = { text: string } | { value: unknown };

/** Total for every value that JSON can hold, and for undefined, which is written as null. */
export function pythonJson(value: unknown): string {
  const written: string[] = [];
  const waiting: Item[] = [{ value }];
  for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) {
    if ('text' in item) written.push(item.text);
    else if (Array.isArray(item.value)) pushArray(item.value, waiting);
    else if (typeof item.value === 'object' && item.value !== null) pushObject(item.value, waiting);
    else written.push(item.value === undefined ? 'null' : JSON.stringify(item.value));
  }
  return written.join('');
}

function pushArray(values: readonly unknown[], waiting: Item[]): void {
  waiting.push({ text: ']' });
  for (let index = values.length - 1; index >= 0; index--) {
    waiting.push({ value: values[index] });
    if (index > 0) waiting.push({ text: ', ' });
  }
  waiting.push({ text: '[' });
}

function pushObject(object: object, waiting: Item[]): void {
  const entries = Object.entries(object);
  waiting.push({ text: '}' });
  for (let index = entries.length - 1; index >= 0; index--) {
    const [key, value] = entries[index] as [string, unknown];
    waiting.push({ value }, { text: `${index > 0 ? ', ' : ''}${JSON.stringify(key)}: ` });
  }
  waiting.push({ text: '{' });
}
