/** The live configuration as documents see it: resources of each kind, and those of each owner. */
import { CONFIG_VALUE_SCHEMAS, type ConfigFeed, type ConfigKind } from '@ai-gateway/contracts';
import { SECTIONS, sectionOf, type Fields, type Section } from './document-sections.js';

export interface LiveResource {
  id: number;
  value: Fields;
}

export class ConfigState {
  private readonly byKind: ReadonlyMap<string, LiveResource[]>;
  private readonly byOwner = new Map<string, LiveResource[]>();
  private readonly byId = new Map<string, LiveResource>();

  /** @param feed a full one */
  constructor(readonly feed: ConfigFeed) {
    const ofKind = Map.groupBy(feed.changes, ({ kind }) => kind);
    const live = SECTIONS.map((section): [string, LiveResource[]] => [
      section.kind,
      (ofKind.get(section.kind) ?? [])
        .map(({ id, value }) => ({ id, value: writtenValue(section, value) }))
        .sort((a, b) => a.id - b.id),
    ]);
    this.byKind = new Map(live);
    for (const { kind, owner } of SECTIONS) {
      for (const resource of this.list(kind)) {
        this.byId.set(`${kind}:${resource.id}`, resource);
        const place = ownedBy(kind, owner === null ? null : Number(resource.value[owner.column]));
        const siblings = this.byOwner.get(place);
        if (siblings === undefined) this.byOwner.set(place, [resource]);
        else siblings.push(resource);
      }
    }
  }

  /** In order of ids, which decides between equals. */
  list(kind: ConfigKind): readonly LiveResource[] {
    return this.byKind.get(kind) ?? [];
  }

  /** @param ownerId null for what has no owner */
  listOf({ kind }: Section, ownerId: number | null): readonly LiveResource[] {
    return this.byOwner.get(ownedBy(kind, ownerId)) ?? [];
  }

  /** The name a reference is written as; null: it leads nowhere. */
  keyOf(kind: ConfigKind, id: number): string | null {
    const resource = this.byId.get(`${kind}:${id}`);
    return resource === undefined ? null : sectionOf(kind).keyOf(resource.value);
  }

  find(kind: ConfigKind, id: number): LiveResource | null {
    return this.byId.get(`${kind}:${id}`) ?? null;
  }
}

/** As it would be written today: later versions may have added fields with defaults. */
function writtenValue({ kind, written }: Section, value: unknown): Fields {
  const { success, data } = CONFIG_VALUE_SCHEMAS[kind].safeParse(value);
  const current = (success ? data : value) as Fields;
  return written?.(current) ?? current;
}

const ownedBy = (kind: string, ownerId: number | null): string => `${kind}:${ownerId ?? ''}`;
