/** The configuration a table was compiled from, the one to compile now, and where they differ. */
import type { ConfigKind, ConfigValues } from '@ai-gateway/contracts';
import { emptyMap, type ReadMap } from './persistent-map.js';

/**
 * Held values are applied before the engine sees anything; settings are not about requests, and
 * token rules are the tokenizer's.
 */
export type CompiledKind = Exclude<ConfigKind, 'held_value' | 'settings' | 'token_rule'>;

/** Every live resource by kind and id, validated. */
export type ConfigResources = {
  readonly [Kind in CompiledKind]: ReadMap<number, ConfigValues[Kind]>;
};

export interface ChangedResource {
  readonly kind: ConfigKind;
  readonly id: number;
}

/** Undefined: the resource does not exist. */
export interface Change<Config> {
  readonly id: number;
  readonly before: Config | undefined;
  readonly now: Config | undefined;
}

export const NO_RESOURCES: ConfigResources = {
  namespace: emptyMap(),
  matcher: emptyMap(),
  rule: emptyMap(),
  upstream: emptyMap(),
  target: emptyMap(),
  model: emptyMap(),
  route: emptyMap(),
  api_key: emptyMap(),
  policy: emptyMap(),
};

export class ConfigDelta {
  readonly #changed: ReadonlyMap<ConfigKind, ReadonlySet<number>> | null;

  /** @param changed all that may differ; null: everything does, and `before` is empty */
  constructor(
    readonly before: ConfigResources,
    readonly now: ConfigResources,
    changed: Iterable<ChangedResource> | null,
  ) {
    this.#changed = changed === null ? null : byKind(changed);
  }

  /** What differs, in no particular order. */
  *of<Kind extends CompiledKind>(kind: Kind): Generator<Change<ConfigValues[Kind]>> {
    const after: ReadMap<number, ConfigValues[Kind]> = this.now[kind];
    const former: ReadMap<number, ConfigValues[Kind]> = this.before[kind];
    const ids = this.#changed === null ? after.keys() : (this.#changed.get(kind) ?? []);
    for (const id of ids) {
      const [before, now] = [former.get(id), after.get(id)];
      if (before !== now) yield { id, before, now };
    }
  }

  touches(kind: CompiledKind): boolean {
    return this.of(kind).next().done !== true;
  }
}

function byKind(changed: Iterable<ChangedResource>): Map<ConfigKind, Set<number>> {
  const ids = new Map<ConfigKind, Set<number>>();
  for (const { kind, id } of changed) {
    const known = ids.get(kind);
    if (known === undefined) ids.set(kind, new Set([id]));
    else known.add(id);
  }
  return ids;
}
