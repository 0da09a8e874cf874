/**
 * The held values that concern this instance, by the resource they stand in for. One concerns an
 * instance that is in none of the groups which already run the new value.
 */
import type { HeldValueConfig } from '@ai-gateway/contracts';
import { Map as PersistentMap } from 'immutable';
import { resourceKey } from './config-resources.js';

export type HeldValues = PersistentMap<string, PersistentMap<number, HeldValueConfig>>;

export const NO_HELD_VALUES: HeldValues = PersistentMap();

export const concerns = (held: HeldValueConfig, groups: ReadonlySet<string>): boolean =>
  !held.groups.some((group) => groups.has(group));

const resourceOf = ({ kind, resource_id: id }: HeldValueConfig): string => resourceKey(kind, id);

export const withHeld = (all: HeldValues, id: number, held: HeldValueConfig): HeldValues =>
  all.update(resourceOf(held), PersistentMap(), (rivals) => rivals.set(id, held));

export function withoutHeld(all: HeldValues, id: number, held: HeldValueConfig): HeldValues {
  const rivals = all.get(resourceOf(held))?.delete(id);
  if (rivals === undefined) return all;
  return rivals.size === 0 ? all.delete(resourceOf(held)) : all.set(resourceOf(held), rivals);
}

/** Two rollouts never hold the same resource; should the database say so, the first id counts. */
export function heldFor(all: HeldValues, key: string): HeldValueConfig | undefined {
  const rivals = all.get(key);
  return rivals?.get(Math.min(...rivals.keys()));
}
