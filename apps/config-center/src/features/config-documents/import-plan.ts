/**
 * What has to happen so that the live configuration says what a document says: an ordered list of
 * operations. First goes what nobody points to, then comes what others point to, then the rest, and
 * last goes what nobody points to any more; so names and aliases are free when they are needed.
 */
import {
  canonicalJson,
  type BatchOperation,
  type ConfigDocument,
  type ConfigKind,
  type ImportLine,
  type ImportMode,
  type ImportReport,
  type SealedSecret,
} from '@ai-gateway/contracts';
import { escapeReferences, referenceTo } from '../batch/operation-references.js';
import type { ConfigState, LiveResource } from './config-state.js';
import type { DocumentCredentials } from './document-credentials.js';
import {
  ROOT_SECTIONS,
  SECTIONS,
  listOf,
  sectionOf,
  sectionsOwnedBy,
  type Fields,
  type Section,
} from './document-sections.js';
import type { DocumentProblem } from './document-text.js';

export interface PlanInput {
  document: ConfigDocument;
  mode: ImportMode;
  state: ConfigState;
  credentials: DocumentCredentials;
  lineOf: (path: string) => number | null;
}

export interface ImportPlan {
  operations: BatchOperation[];
  /** What each operation is about, by its index. */
  lines: ImportLine[];
  summary: ImportReport['summary'];
  problems: DocumentProblem[];
}

/** An item of the document, and the resource it means, if there is one. */
interface Pair {
  section: Section;
  item: Fields;
  path: string;
  owner: Pair | null;
  live: LiveResource | null;
  /** Set once it is there: its id, or a reference to what creates it. */
  id: number | string | null;
  /** Whether the summary has it already. */
  isCounted: boolean;
}

export function planImport(input: PlanInput): ImportPlan {
  return new Planner(input).plan();
}

class Planner {
  private readonly pairs: Pair[] = [];
  private readonly byKey = new Map<string, Pair>();
  private readonly kept = new Set<string>();
  private readonly result: ImportPlan = {
    operations: [],
    lines: [],
    summary: { create: 0, update: 0, delete: 0, unchanged: 0 },
    problems: [],
  };

  constructor(private readonly input: PlanInput) {}

  plan(): ImportPlan {
    const { document, mode } = this.input;
    for (const section of ROOT_SECTIONS) {
      this.pairUp(section, listOf(document, section.list), { owner: null, path: section.list });
    }
    if (mode === 'replace') this.deleteRest(({ isReferred }) => !isReferred);
    this.bringAbout(({ section }) => section.isReferred);
    for (const pair of this.pairs) this.release(pair);
    this.bringAbout(({ section, live }) => !section.isReferred && live !== null);
    this.bringAbout(({ section, live }) => !section.isReferred && live === null);
    if (mode === 'replace') this.deleteRest(({ isReferred }) => isReferred);
    return this.result;
  }

  private pairUp(
    section: Section,
    items: readonly Fields[],
    { owner, path }: { owner: Pair | null; path: string },
  ): void {
    const candidates = this.candidates(section, owner);
    items.forEach((item, index) => {
      const key = section.keyOf(item);
      const live = candidates.get(key)?.shift() ?? null;
      const place = `${path}.${index}`;
      const pair = {
        section,
        item,
        path: place,
        owner,
        live,
        id: live?.id ?? null,
        isCounted: false,
      };
      this.pairs.push(pair);
      if (owner === null) this.byKey.set(`${section.kind}:${key}`, pair);
      if (live !== null) this.kept.add(`${section.kind}:${live.id}`);
      for (const inner of sectionsOwnedBy(section.kind)) {
        const innerPath = `${place}.${inner.list}`;
        this.pairUp(inner, listOf(item, inner.list), { owner: pair, path: innerPath });
      }
    });
  }

  /** What an item could mean, by name, in order of ids. */
  private candidates(section: Section, owner: Pair | null): Map<string, LiveResource[]> {
    if (owner !== null && owner.live === null) return new Map();
    const live = this.input.state.listOf(section, owner?.live?.id ?? null);
    return Map.groupBy(live, ({ value }) => section.keyOf(value));
  }

  private bringAbout(isMeant: (pair: Pair) => boolean): void {
    for (const pair of this.pairs.filter(isMeant)) {
      if (pair.live === null) this.create(pair);
      else this.update(pair, pair.live);
    }
  }

  private create(pair: Pair): void {
    const { section, owner } = pair;
    if (section.named !== undefined) {
      this.put(pair, 'create', section.named);
      return;
    }
    const ownerId = owner?.id ?? 0;
    pair.id = referenceTo(this.result.operations.length, section.idColumn);
    const body = this.bodyOf(pair, Object.keys(pair.item));
    const path = section.collection(ownerId) + (section.query ?? '');
    this.push(pair, 'create', { method: 'POST', path, body });
  }

  private update(pair: Pair, live: LiveResource): void {
    const changed = this.changedFields(pair, live);
    if (changed.length === 0) {
      if (!pair.isCounted) this.result.summary.unchanged += 1;
      return;
    }
    const { named } = pair.section;
    if (named !== undefined) {
      this.put(pair, 'update', named);
      return;
    }
    // What is published at once must be the document's alone, not mixed with a draft beside it.
    const sent = pair.section.query === undefined ? changed : Object.keys(pair.item);
    const body = this.bodyOf(pair, sent);
    this.push(pair, 'update', { method: 'PUT', path: pathOf(pair.section, live.id), body });
  }

  private put(
    pair: Pair,
    action: 'create' | 'update',
    { path, body }: NonNullable<Section['named']>,
  ): void {
    const wanted = body(pair.item, pair.live?.value ?? null);
    this.push(pair, action, { method: 'PUT', path: path(pair.item), body: wanted });
  }

  private changedFields(pair: Pair, live: LiveResource): string[] {
    const { section, item } = pair;
    const references = this.referencesOf(pair);
    return Object.keys(item).filter((field) => {
      if (isOwned(section, field) || item[field] === undefined) return false;
      if (section.kind === 'target' && field === 'credential') return this.differs(pair, live);
      const column = columnOf(section, field);
      const wanted = column in references ? references[column] : item[field];
      return canonicalJson(wanted) !== canonicalJson(live.value[column]);
    });
  }

  private release(pair: Pair): void {
    const { section, item, live } = pair;
    const released = live === null ? null : (section.release?.(live.value, item) ?? null);
    if (live === null || released === null) return;
    const body = escapeReferences(released);
    this.push(pair, 'update', { method: 'PUT', path: pathOf(section, live.id), body });
    pair.live = { id: live.id, value: { ...live.value, ...released } };
  }

  private deleteRest(isMeant: (section: Section) => boolean): void {
    for (const section of SECTIONS.filter(isMeant).toReversed()) {
      for (const { id, value } of this.input.state.list(section.kind)) {
        if (this.kept.has(`${section.kind}:${id}`)) continue;
        this.result.summary.delete += 1;
        const path = section.named?.path(value) ?? pathOf(section, id);
        this.result.operations.push({ method: 'DELETE', path });
        this.result.lines.push(this.lineFor(section, 'delete', { item: value, path: '' }));
      }
    }
  }

  private push(pair: Pair, action: 'create' | 'update', operation: BatchOperation): void {
    if (!pair.isCounted) this.result.summary[action] += 1;
    pair.isCounted = true;
    this.result.operations.push(operation);
    this.result.lines.push(this.lineFor(pair.section, action, pair));
  }

  private lineFor(
    section: Section,
    action: ImportLine['action'],
    { item, path }: { item: Fields; path: string },
  ): ImportLine {
    const line = path === '' ? null : this.input.lineOf(path);
    return { line, path, action, resource: `${section.kind} ${section.keyOf(item)}` };
  }

  /** As the admin API wants it: ids for names, credentials in the clear. */
  private bodyOf(pair: Pair, fields: readonly string[]): Fields {
    const own = { ...pair.item };
    if (pair.section.kind === 'target') own['credential'] = this.credentialOf(pair);
    const columns = { ...(escapeReferences(own) as Fields), ...this.referencesOf(pair) };
    const wanted = fields
      .filter((field) => !isOwned(pair.section, field))
      .map((field) => columnOf(pair.section, field))
      .filter((column) => columns[column] !== undefined);
    return Object.fromEntries(wanted.map((column) => [column, columns[column]]));
  }

  private referencesOf({ section, item, path }: Pair): Fields {
    const columns = section.references.map(({ field, column, to }) => {
      const names = item[field] as string | string[];
      const ids = [names].flat().map((name) => this.idOf(to, name, `${path}.${field}`));
      return [column, Array.isArray(names) ? ids : ids[0]];
    });
    return Object.fromEntries(columns) as Fields;
  }

  private idOf(kind: ConfigKind, name: string, path: string): number | string {
    const id = this.byKey.get(`${kind}:${name}`)?.id ?? this.liveId(kind, name);
    if (id === null) this.refuse(path, `${kind} ${name} does not exist`);
    return id ?? 0;
  }

  /** In a merge, what the document does not list stays and may be pointed to. */
  private liveId(kind: ConfigKind, name: string): number | null {
    if (this.input.mode === 'replace') return null;
    const section = sectionOf(kind);
    const live = this.input.state.list(kind).find(({ value }) => section.keyOf(value) === name);
    return live?.id ?? null;
  }

  private differs(pair: Pair, { id, value }: LiveResource): boolean {
    const stored = value['credential'] as SealedSecret | null;
    const wanted = this.credentialOf(pair) ?? null;
    return !this.input.credentials.isStored(id, stored, wanted);
  }

  /** Undefined: as it is. */
  private credentialOf({ item, owner, path }: Pair): string | null | undefined {
    const credential = item['credential'] as string | null | undefined | { sealed: SealedSecret };
    if (typeof credential !== 'object' || credential === null) return credential;
    const upstreamCode = String(owner?.item['upstream_code']);
    const address = { upstreamCode, url: String(item['url']) };
    const plain = this.input.credentials.openFromDocument(address, credential.sealed);
    if (plain !== null) return plain;
    this.refuse(`${path}.credential`, 'is sealed with another master key or for another address');
    return undefined;
  }

  private refuse(path: string, message: string): void {
    if (this.result.problems.some((problem) => problem.path === path)) return;
    this.result.problems.push({ line: this.input.lineOf(path), path, message });
  }
}

const columnOf = ({ references }: Section, field: string): string =>
  references.find((reference) => reference.field === field)?.column ?? field;

const isOwned = ({ kind }: Section, field: string): boolean =>
  sectionsOwnedBy(kind).some(({ list }) => list === field);

/** A resource is found by its id alone, also where its collection belongs to an owner. */
const pathOf = (section: Section, id: number): string =>
  `/api/v1/${section.collection(0).split('/').at(-1) ?? ''}/${id}${section.query ?? ''}`;
