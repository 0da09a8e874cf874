/** From the state of a receiver to the entries of a snapshot, and back. */
import { canonicalJson } from '@ai-gateway/contracts';
import { EMPTY_STATE, lastGood, type ConfigState } from './config-draft.js';
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
  if (refusals.size + leftOut.size === 0) return Array.from(received.values(), entryOf);
  return Array.from(received, ([key, { entry }]) => {
    const refusal = refusals.get(key);
    const why = refusal ?? leftOut.get(key);
    if (why === undefined) return entry;
    const { reason, since } = why;
    return { ...entry, refused: { reason, since, serving: refusal?.serving ?? null } };
  });
}

const entryOf = ({ entry }: { readonly entry: SnapshotEntry }): SnapshotEntry => entry;

/**
 * A state in which nothing was received and only that runs which a draft of the snapshot's entries
 * can fall back on: the last good values the snapshot has, else what runs now.
 */
export async function restorable(
  entries: readonly SnapshotEntry[],
  running: ConfigState,
): Promise<ConfigState> {
  const pacer = new EventLoopPacer();
  const maps: ResourceMaps = { ...NO_RESOURCES };
  const leftOut = new Map<string, Nack>();
  for (const { kind, id, revision, refused } of entries) {
    await pacer.pause();
    const key = resourceKey(kind, id);
    const fallback = refused === undefined ? lastGood(running, kind, id) : goodValue(kind, refused);
    if (fallback !== undefined && isConfigKind(kind)) maps[kind] = maps[kind].set(id, fallback);
    const why = refused ?? running.refusals.get(key) ?? running.leftOut.get(key);
    if (why === undefined) continue;
    leftOut.set(key, { kind, id, revision, reason: why.reason, since: why.since });
  }
  return { ...EMPTY_STATE, resources: maps as ConfigResources, leftOut };
}

function goodValue(
  kind: string,
  { serving }: NonNullable<SnapshotEntry['refused']>,
): object | undefined {
  if (serving === null || serving === undefined) return undefined;
  const read = readValue(kind, serving, canonicalJson(serving));
  return read.ok ? read.value : undefined;
}
