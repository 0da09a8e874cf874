/** A change as people see it: with a name, without secrets, field by field. */
import { isDeepStrictEqual } from 'node:util';
import type { ChangeView, FieldDiff } from '@ai-gateway/contracts';
import { shownValue } from '../audit/shown-value.js';
import { actionOf, type ResourceChange } from './config-revisions.js';

const MAX_SHOWN_CHANGES = 500;

export function changeListOf(changes: readonly ResourceChange[]) {
  return {
    changes: changes.slice(0, MAX_SHOWN_CHANGES).map(changeViewOf),
    changes_total: changes.length,
  };
}

function changeViewOf(change: ResourceChange): ChangeView {
  const before = change.before && shownValue(change.before);
  const after = change.after && shownValue(change.after);
  return { ...nameOf(change), before, after, diff: diffOf(before ?? {}, after ?? {}) };
}

const NAME_FIELD = /(^|_)(name|code)$/;

/** What the resource is called: its name, or code, or address. */
export function nameOf({ kind, id, before, after }: ResourceChange) {
  const value = (after ?? before ?? {}) as Record<string, unknown>;
  const field = Object.keys(value).find((key) => NAME_FIELD.test(key)) ?? 'url';
  const name = value[field];
  return {
    kind,
    id,
    name: typeof name === 'string' ? name : `${kind} ${id}`,
    action: actionOf(before, after),
  } as const;
}

/** Objects are compared field by field, lists as a whole. */
function diffOf(before: object, after: object, prefix = ''): FieldDiff[] {
  const old = before as Record<string, unknown>;
  const next = after as Record<string, unknown>;
  const names = new Set([...Object.keys(old), ...Object.keys(next)]);
  return [...names].flatMap((name) => {
    const [a, b] = [old[name], next[name]];
    if (isDeepStrictEqual(a, b)) return [];
    if (isRecord(a) && isRecord(b)) return diffOf(a, b, `${prefix}${name}.`);
    return [{ path: prefix + name, before: a, after: b }];
  });
}

const isRecord = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
