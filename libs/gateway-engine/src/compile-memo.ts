/**
 * Memory of what has been compiled, so that a new revision costs only what it changed. Values are
 * recognised by identity: whoever holds the configuration keeps the objects of unchanged resources.
 */
import { UncompilableError } from './uncompilable.error.js';

export type Compiled<Result> =
  { readonly ok: true; readonly value: Result } | { readonly ok: false; readonly reason: string };

/** Compiles `config` anew only when it, or something it is compiled with, is another object. */
export function memoize<Config extends object, With extends readonly unknown[], Result>(
  compile: (config: Config, ...using: With) => Result,
): (config: Config, ...using: With) => Compiled<Result> {
  const memory = new WeakMap<Config, { using: With; compiled: Compiled<Result> }>();
  return (config, ...using) => {
    const known = memory.get(config);
    if (known !== undefined && isSameList(known.using, using)) return known.compiled;
    const compiled = attempt(() => compile(config, ...using));
    memory.set(config, { using, compiled });
    return compiled;
  };
}

/** Builds anew only when the items are others than last time. */
export function memoizeList<Item, Result>(
  build: (items: readonly Item[]) => Result,
): (items: readonly Item[]) => Result {
  let last: { readonly items: readonly Item[]; readonly result: Result } | null = null;
  return (items) => {
    if (last === null || !isSameList(last.items, items)) last = { items, result: build(items) };
    return last.result;
  };
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, i) => isSame(item, b[i]));
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || (Array.isArray(a) && Array.isArray(b) && isSameList(a, b));
}

export function attempt<Result>(compile: () => Result): Compiled<Result> {
  try {
    return { ok: true, value: compile() };
  } catch (error) {
    if (error instanceof UncompilableError) return { ok: false, reason: error.message };
    throw error;
  }
}
