/** Tables as tests compare them. */
import type { ReadMap } from './persistent-map.js';
import type { RuntimeTable } from './runtime-table.js';

/** The table without what only the next compile reads, maps in order of their keys. */
export function asWritten({ parts: _, ...table }: RuntimeTable): unknown {
  const { fields, list } = table.matchers;
  return {
    ...table,
    namespaces: inOrder(table.namespaces),
    apiKeys: inOrder(table.apiKeys),
    matchers: {
      fields: fields.map((field) => ({ ...field, byText: inOrder(field.byText) })),
      list,
    },
  };
}

const inOrder = <Key extends string | number, Value>(map: ReadMap<Key, Value>): Map<Key, Value> =>
  new Map([...map.entries()].sort(([a], [b]) => (a < b ? -1 : 1)));

/** Sets in order, maps as arrays, functions by their name. */
function plain(_key: string, value: unknown): unknown {
  if (value instanceof Map) return [...value];
  if (value instanceof Set) return [...value].sort();
  return typeof value === 'function' ? 'function' : value;
}

export const textOf = (table: RuntimeTable): string => JSON.stringify(asWritten(table), plain);
