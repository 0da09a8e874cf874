/** The live configuration in memory, moved on by feeds; what the documents in Redis are made of. */
import type { ConfigFeed, ConfigHead, ConfigKind, ConfigValues } from '@ai-gateway/contracts';

/** One resource that a feed touched, with its values before and after; null: absent. */
export interface MirrorChange {
  kind: string;
  id: number;
  before: object | null;
  after: object | null;
}

export class ConfigMirror {
  private values = new Map<string, Map<number, object>>();
  private at: ConfigHead | null = null;

  get head(): ConfigHead | null {
    return this.at;
  }

  /** Returns what changed; after a full feed also what is gone by it. */
  apply(feed: ConfigFeed): MirrorChange[] {
    const before = this.values;
    if (feed.type === 'full') this.values = new Map();
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

  find<Kind extends ConfigKind>(kind: Kind, id: number): ConfigValues[Kind] | null {
    return (this.values.get(kind)?.get(id) as ConfigValues[Kind] | undefined) ?? null;
  }

  private set(kind: string, id: number, value: object | null): void {
    const resources = this.values.get(kind) ?? new Map<number, object>();
    if (value === null) resources.delete(id);
    else resources.set(id, value);
    this.values.set(kind, resources);
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
