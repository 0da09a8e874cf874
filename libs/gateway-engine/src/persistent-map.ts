/**
 * Maps that share structure: a changed copy costs O(log n) and leaves the original as it was, so a
 * table and its successor have all in common that did not change, and a request may keep its table.
 * The only place that knows which library does it; readers see `ReadMap`.
 */
import { Map as ImmutableMap } from 'immutable';

/** What a native Map and a persistent one have in common. Iterates in no particular order. */
export interface ReadMap<Key, Value> {
  readonly size: number;
  get(key: Key): Value | undefined;
  has(key: Key): boolean;
  keys(): Iterable<Key>;
  values(): Iterable<Value>;
  entries(): Iterable<[Key, Value]>;
}

export type PersistentMap<Key, Value> = ImmutableMap<Key, Value>;

export const emptyMap = <Key, Value>(): PersistentMap<Key, Value> => ImmutableMap<Key, Value>();

/** Many changes at once, in place where no earlier map can see them. */
export class MapEdit<Key, Value> {
  readonly #base: PersistentMap<Key, Value>;
  readonly #draft: PersistentMap<Key, Value>;

  constructor(base: PersistentMap<Key, Value>) {
    this.#base = base;
    this.#draft = base.asMutable();
  }

  get size(): number {
    return this.#draft.size;
  }

  get(key: Key): Value | undefined {
    return this.#draft.get(key);
  }

  values(): Iterable<Value> {
    return this.#draft.values();
  }

  set(key: Key, value: Value): void {
    this.#draft.set(key, value);
  }

  delete(key: Key): void {
    this.#draft.delete(key);
  }

  /** Ends the edit; the very same map when nothing changed. */
  done(): PersistentMap<Key, Value> {
    return this.#draft.wasAltered() ? this.#draft.asImmutable() : this.#base;
  }
}
