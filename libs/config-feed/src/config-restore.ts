/** From the state of a receiver to the entries of a snapshot, and back. */
import { canonicalJson } from './config-digest.js';
import { EMPTY_STATE, type ConfigState } from './config-draft.js';
import {
  NO_RESOURCES,
  isConfigKind,
  resourceKey,
  type ConfigResources,
  type Nack,
  type ResourceMaps,
} from './config-resources.js';
import type { SnapshotEntry } from './config-snapshot.js';
import { EventLoopPacer } from './event-loop.pacer.js';
import { readValue } from './value.reader.js';

export function captureState({ received, refusals, leftOut }: ConfigState): SnapshotEntry[] {
  return Array.from(received, ([key, { kind, id, revision, value }]) => {
    const entry = { kind, id, revision, value };
    const refusal = refusals.get(key);
    const why = refusal ?? leftOut.get(key);
    if (why === undefined) return entry;
    const { reason, since } = why;
    return { ...entry, refused: { reason, since, serving: refusal?.serving ?? null } };
  });
}

/**
 * A state in which nothing was received and only the last good values of refused resources run:
 * what a draft of the snapshot's entries falls back on.
 */
export async function restorable(entries: readonly SnapshotEntry[]): Promise<ConfigState> {
  const pacer = new EventLoopPacer();
  const maps: ResourceMaps = { ...NO_RESOURCES };
  const leftOut = new Map<string, Nack>();
  for (const { kind, id, revision, refused } of entries) {
    await pacer.pause();
    if (refused === undefined) continue;
    const { reason, since, serving } = refused;
    leftOut.set(resourceKey(kind, id), { kind, id, revision, reason, since });
    if (serving === null || serving === undefined || !isConfigKind(kind)) continue;
    const read = readValue(kind, serving, canonicalJson(serving));
    if (read.ok) maps[kind] = maps[kind].set(id, read.value);
  }
  return { ...EMPTY_STATE, resources: maps as ConfigResources, leftOut };
}
