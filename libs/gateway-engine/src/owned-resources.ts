/**
 * Resources that belong to a namespace, compiled one by one and kept by owner, so that whatever
 * happens to the namespace finds its own and nothing else is walked.
 */
import type { ConfigValues } from '@ai-gateway/contracts';
import type { Compiled } from './compile-memo.js';
import type { Steps } from './compile-step.js';
import type { CompiledKind, ConfigDelta } from './config-delta.js';
import { MapEdit, emptyMap, type PersistentMap } from './persistent-map.js';

export type OwnedBy<Result> = PersistentMap<number, PersistentMap<number, Compiled<Result>>>;

type OwnedKind = Extract<CompiledKind, 'rule' | 'matcher' | 'api_key'>;

export interface OwnedKindOptions<Kind extends OwnedKind, Result> {
  readonly kind: Kind;
  readonly compile: (config: ConfigValues[Kind]) => Compiled<Result>;
  /** Usually those that are enabled. */
  readonly isKept?: (config: ConfigValues[Kind]) => boolean;
}

export interface OwnedUpdate<Result> {
  readonly owned: OwnedBy<Result>;
  /** Changed resources with the owner they have now, or had: 0 for those that have none. */
  readonly touched: ReadonlyMap<number, number>;
  /** Owners that got, lost or keep a changed resource. */
  readonly owners: ReadonlySet<number>;
}

export const NO_OWNER = 0;

/** Compiles what changed. */
export function* updateOwned<Kind extends OwnedKind, Result>(
  base: OwnedBy<Result>,
  delta: ConfigDelta,
  { kind, compile, isKept = isEnabled }: OwnedKindOptions<Kind, Result>,
): Steps<OwnedUpdate<Result>> {
  const owned = new MapEdit(base);
  const touched = new Map<number, number>();
  const owners = new Set<number>();
  for (const { id, before, now } of delta.of(kind)) {
    yield;
    if (before !== undefined) {
      const owner = before.namespace_id ?? NO_OWNER;
      removeFrom(owned, owner, id);
      touched.set(id, owner);
      owners.add(owner);
    }
    if (now !== undefined) {
      const owner = now.namespace_id ?? NO_OWNER;
      if (isKept(now)) {
        const siblings = owned.get(owner) ?? emptyMap<number, Compiled<Result>>();
        owned.set(owner, siblings.set(id, compile(now)));
      }
      touched.set(id, owner);
      owners.add(owner);
    }
  }
  return { owned: owned.done(), touched, owners };
}

const isEnabled = ({ status }: { status: 0 | 1 }): boolean => status === 1;

/**
 * What has to be judged again, with its owner: what changed itself, and all that belongs to a
 * namespace which appeared, vanished, or was switched on or off.
 */
export function* toReconsider<Result>(
  { owned, touched }: OwnedUpdate<Result>,
  delta: ConfigDelta,
): Steps<ReadonlyMap<number, number>> {
  const found = new Map(touched);
  for (const { id: owner, before, now } of delta.of('namespace')) {
    yield;
    if (before?.status === now?.status) continue;
    for (const id of owned.get(owner)?.keys() ?? []) found.set(id, owner);
  }
  return found;
}

function removeFrom<Result>(
  owned: MapEdit<number, PersistentMap<number, Compiled<Result>>>,
  owner: number,
  id: number,
): void {
  const siblings = owned.get(owner);
  const left = siblings?.delete(id);
  if (left === undefined || left === siblings) return;
  if (left.size === 0) owned.delete(owner);
  else owned.set(owner, left);
}
