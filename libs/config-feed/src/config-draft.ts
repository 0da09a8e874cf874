/**
 * The next configuration while it is put together beside the running one: what was received, what
 * of it can run, and what runs instead where it cannot. All maps are persistent, so a draft costs
 * what it changes, and one that is thrown away leaves nothing to undo.
 *
 * What runs for a resource is, in this order: the value an earlier revision served, where the
 * compile refused what would run; a held value, where one concerns this instance; the last good
 * value, where the received one failed its schema; the received value.
 */
import {
  canonicalJson,
  type ConfigChange,
  type ConfigHead,
  type ConfigKind,
  type HeldValueConfig,
} from '@ai-gateway/contracts';
import { Map as PersistentMap } from 'immutable';
import { resourceHash } from './config-digest.js';
import type { SnapshotEntry } from './config-snapshot.js';
import {
  NO_RESOURCES,
  isConfigKind,
  resourceKey,
  type ConfigResources,
  type Nack,
  type ResourceMaps,
} from './config-resources.js';
import {
  NO_HELD_VALUES,
  concerns,
  heldFor,
  withHeld,
  withoutHeld,
  type HeldValues,
} from './held-values.js';
import { readValue } from './value.reader.js';

export interface ChangedResource {
  readonly kind: ConfigKind;
  readonly id: number;
}

/** What a source delivered for one resource. */
interface Received {
  /** As a snapshot keeps it: taking one then allocates nothing per resource. */
  readonly entry: SnapshotEntry;
  readonly hash: bigint;
  /** As its schema read it; undefined where it failed. */
  readonly parsed: object | undefined;
}

interface Refusal {
  readonly kind: string;
  readonly id: number;
  readonly reason: string;
  readonly since: string;
  /** What runs instead; undefined: nothing. */
  readonly serving: object | undefined;
  /** By itself the value can never run; otherwise it is tried again with every feed. */
  readonly isFinal: boolean;
}

/** All there is to know about one configuration. */
export interface ConfigState {
  readonly received: PersistentMap<string, Received>;
  readonly counts: PersistentMap<string, number>;
  readonly digest: bigint;
  /** What runs. */
  readonly resources: ConfigResources;
  readonly held: HeldValues;
  readonly refusals: PersistentMap<string, Refusal>;
  /** Resources the compile leaves out and for which there is nothing better to run. */
  readonly leftOut: ReadonlyMap<string, Nack>;
}

export const EMPTY_STATE: ConfigState = {
  received: PersistentMap(),
  counts: PersistentMap(),
  digest: 0n,
  resources: NO_RESOURCES,
  held: NO_HELD_VALUES,
  refusals: PersistentMap(),
  leftOut: new Map(),
};

export interface DraftOptions {
  readonly groups: ReadonlySet<string>;
  /** ISO 8601. */
  readonly now: string;
}

export class ConfigDraft {
  /** Resources for which something else may run than in the base. */
  readonly changed = new Map<string, ChangedResource>();
  private received: ConfigState['received'];
  private counts: ConfigState['counts'];
  private digest: bigint;
  private held: HeldValues;
  private refusals: ConfigState['refusals'];
  private readonly maps: ResourceMaps;

  constructor(
    private readonly base: ConfigState,
    private readonly options: DraftOptions,
  ) {
    this.received = base.received.asMutable();
    this.counts = base.counts;
    this.digest = base.digest;
    this.held = base.held;
    this.refusals = base.refusals;
    this.maps = { ...base.resources };
    for (const kind of Object.keys(this.maps) as ConfigKind[]) {
      this.maps[kind] = this.maps[kind].asMutable();
    }
    for (const [key, { kind, id, isFinal }] of base.refusals) {
      if (isFinal || !isConfigKind(kind)) continue;
      this.refusals = this.refusals.delete(key);
      this.settle(kind, id);
    }
  }

  /** Puts one change in, or notes why it cannot run. */
  take({ kind, id, revision, value }: ConfigChange): void {
    if (value === null || value === undefined) {
      this.remove(kind, id);
      return;
    }
    const key = resourceKey(kind, id);
    const known = this.received.get(key);
    const json = canonicalJson(value);
    const hash = resourceHash(kind, id, json);
    if (known?.hash === hash) {
      this.received = this.received.set(key, { ...known, entry: { ...known.entry, revision } });
      return;
    }
    const read = readValue(kind, value, json);
    const parsed = read.ok ? read.value : undefined;
    this.received = this.received.set(key, { entry: { kind, id, revision, value }, hash, parsed });
    this.digest ^= (known?.hash ?? 0n) ^ hash;
    if (known === undefined) this.count(kind, 1);
    if (read.ok) this.refusals = this.refusals.delete(key);
    else this.refuse(kind, id, read.reason);
    if (isConfigKind(kind)) this.settle(kind, id);
  }

  remove(kind: string, id: number): void {
    const key = resourceKey(kind, id);
    const known = this.received.get(key);
    if (known === undefined) return;
    this.received = this.received.delete(key);
    this.digest ^= known.hash;
    this.count(kind, -1);
    this.refusals = this.refusals.delete(key);
    if (isConfigKind(kind)) this.settle(kind, id);
  }

  /** Ends the taking of changes: from now on the maps may be handed out. */
  seal(): void {
    this.received = this.received.asImmutable();
    for (const kind of Object.keys(this.maps) as ConfigKind[]) {
      this.maps[kind] = this.maps[kind].asImmutable();
    }
  }

  /** The first kind of which there are more than allowed; null: none. */
  overCap(capOf: (kind: string) => number): string | null {
    for (const [kind, count] of this.counts) {
      const cap = capOf(kind);
      if (count > cap) return `${count} resources of kind ${kind}, more than the ${cap} allowed`;
    }
    return null;
  }

  /**
   * False when there is nothing better to go back to, since what is at fault ran before as well or
   * nothing did: then it stays, so that the table knows what it has to do without.
   */
  takeBack({ kind, id }: ChangedResource, reason: string): boolean {
    const served: object | undefined = this.base.resources[kind].get(id);
    if (served === undefined || this.maps[kind].get(id) === served) return false;
    const key = resourceKey(kind, id);
    const refusal = { kind, id, reason, since: this.since(key), serving: served };
    const isFinal = this.received.get(key)?.parsed === undefined;
    this.refusals = this.refusals.set(key, { ...refusal, isFinal });
    this.run(kind, id, served);
    return true;
  }

  /** What runs; only values that passed their schema were put, so the maps are what they claim. */
  get resources(): ConfigResources {
    return { ...this.maps } as ConfigResources;
  }

  /** @param problems what the compile leaves out of the table that is installed */
  finished(
    head: ConfigHead,
    problems: Iterable<ChangedResource & { readonly reason: string }>,
  ): ConfigState {
    const { received, counts, digest, resources, held, refusals } = this;
    const leftOut = new Map<string, Nack>();
    for (const { kind, id, reason } of problems) {
      const key = resourceKey(kind, id);
      if (refusals.has(key)) continue;
      const revision = this.leftOutSince(key) ?? head.revision;
      leftOut.set(key, { kind, id, revision, reason, since: this.since(key) });
    }
    return { received, counts, digest, resources, held, refusals, leftOut };
  }

  private settle(kind: ConfigKind, id: number): void {
    this.run(kind, id, this.wanted(kind, id));
  }

  private wanted(kind: ConfigKind, id: number): object | undefined {
    const key = resourceKey(kind, id);
    const held = heldFor(this.held, key);
    if (held !== undefined) return held.value ?? undefined;
    const received = this.received.get(key);
    return received === undefined
      ? undefined
      : (received.parsed ?? this.refusals.get(key)?.serving);
  }

  private run(kind: ConfigKind, id: number, value: object | undefined): void {
    const before = this.maps[kind].get(id);
    const map = this.maps[kind];
    this.maps[kind] = value === undefined ? map.delete(id) : map.set(id, value);
    this.changed.set(resourceKey(kind, id), { kind, id });
    if (kind !== 'held_value') return;
    this.hold(id, before as HeldValueConfig | undefined, value as HeldValueConfig | undefined);
  }

  /** A held value came, changed or went: whatever it stands in for is settled again. */
  private hold(
    id: number,
    before: HeldValueConfig | undefined,
    now: HeldValueConfig | undefined,
  ): void {
    if (before !== undefined) this.held = withoutHeld(this.held, id, before);
    if (now !== undefined && concerns(now, this.options.groups)) {
      this.held = withHeld(this.held, id, now);
    }
    for (const held of [before, now]) {
      if (held !== undefined && isConfigKind(held.kind)) this.settle(held.kind, held.resource_id);
    }
  }

  private refuse(kind: string, id: number, reason: string): void {
    const key = resourceKey(kind, id);
    const serving = lastGood(this.base, kind, id);
    const refusal = { kind, id, reason, since: this.since(key), serving, isFinal: true };
    this.refusals = this.refusals.set(key, refusal);
  }

  /** A resource that stays refused keeps the time when that began, whatever the reason is now. */
  private since(key: string): string {
    const { refusals, leftOut } = this.base;
    return (refusals.get(key) ?? leftOut.get(key))?.since ?? this.options.now;
  }

  /** The revision from which on the compile leaves the value out; undefined: this one. */
  private leftOutSince(key: string): number | undefined {
    const known = this.base.leftOut.get(key)?.revision;
    const receivedAt = this.received.get(key)?.entry.revision ?? Infinity;
    return known !== undefined && receivedAt <= known ? known : undefined;
  }

  private count(kind: string, by: 1 | -1): void {
    this.counts = this.counts.update(kind, 0, (count) => count + by);
  }
}

/** What a resource itself ran last, or would have run had nothing been held. */
export function lastGood(
  { received, refusals, resources, held }: ConfigState,
  kind: string,
  id: number,
): object | undefined {
  const key = resourceKey(kind, id);
  if (held.has(key)) return received.get(key)?.parsed ?? refusals.get(key)?.serving;
  return isConfigKind(kind) ? resources[kind].get(id) : undefined;
}
