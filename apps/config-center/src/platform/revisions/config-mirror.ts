/** The live configuration in memory, moved on by feeds; what the documents in Redis are made of. */
import type { ConfigFeed, ConfigHead, ConfigKind, ConfigValues } from '@ai-gateway/contracts';

/** One resource that a feed touched, with its values before and after; null: absent. */
export interface MirrorChange {
  kind: string;
  id: number;
  before: object | null;
  after: object | null;
}

/** What a resource belongs to, for looking up all that belong to one. */
const OWNER_FIELD = {
  matcher: 'namespace_id',
  rule: 'namespace_id',
  target: 'upstream_id',
  namespace: 'policy_ids',
} as const;
type OwnedKind = keyof typeof OWNER_FIELD;

export class ConfigMirror {
  private values = new Map<string, Map<number, object>>();
  /** Ids by owner, under `<kind>:<owner id>`. */
  private idsOfOwner = new Map<string, Set<number>>();
  private at: ConfigHead | null = null;

  get head(): ConfigHead | null {
    return this.at;
  }

  /** Returns what changed; after a full feed also what is gone by it. */
  apply(feed: ConfigFeed): MirrorChange[] {
    const before = this.values;
    if (feed.type === 'full') {
      this.values = new Map();
      this.idsOfOwner = new Map();
    }
    const touched = feed.changes.map(({ kind, id, value }) => {
      const previous = before.get(kind)?.get(id) ?? null;
      const after = value ?? null;
      this.set(kind, id, after);
      return { kind, id, before: previous, after };
    });
    this.at = { epoch: feed.epoch, revision: feed.revision };
    return feed.type === 'full' ? [...touched, ...this.gone(before)] : touched;
  }

  list<Kind extends ConfigKind>(kind: Kind): ConfigValues[Kind][] {
    return [...(this.values.get(kind)?.values() ?? [])] as ConfigValues[Kind][];
  }

  /** All that belong to one namespace, upstream or, for namespaces, policy. In no fixed order. */
  owned<Kind extends OwnedKind>(kind: Kind, ownerId: number): ConfigValues[Kind][] {
    const ids = this.idsOfOwner.get(`${kind}:${ownerId}`) ?? [];
    return Array.from(ids, (id) => this.find(kind, id)).filter((value) => value !== null);
  }

  find<Kind extends ConfigKind>(kind: Kind, id: number): ConfigValues[Kind] | null {
    return (this.values.get(kind)?.get(id) as ConfigValues[Kind] | undefined) ?? null;
  }

  private set(kind: string, id: number, value: object | null): void {
    const resources = this.values.get(kind) ?? new Map<number, object>();
    for (const key of ownersOf(kind, resources.get(id))) this.disown(key, id);
    for (const key of ownersOf(kind, value)) {
      const ids = this.idsOfOwner.get(key) ?? new Set();
      this.idsOfOwner.set(key, ids.add(id));
    }
    if (value === null) resources.delete(id);
    else resources.set(id, value);
    this.values.set(kind, resources);
  }

  private disown(key: string, id: number): void {
    const ids = this.idsOfOwner.get(key);
    ids?.delete(id);
    if (ids?.size === 0) this.idsOfOwner.delete(key);
  }

  private gone(before: ReadonlyMap<string, ReadonlyMap<number, object>>): MirrorChange[] {
    const gone: MirrorChange[] = [];
    for (const [kind, resources] of before) {
      for (const [id, value] of resources) {
        if (this.values.get(kind)?.has(id) === true) continue;
        gone.push({ kind, id, before: value, after: null });
      }
    }
    return gone;
  }
}

function ownersOf(kind: string, value: object | null | undefined): string[] {
  if (value === null || value === undefined || !Object.hasOwn(OWNER_FIELD, kind)) return [];
  const owner = (value as Record<string, number | number[]>)[OWNER_FIELD[kind as OwnedKind]];
  return [owner ?? []].flat().map((id) => `${kind}:${id}`);
}
