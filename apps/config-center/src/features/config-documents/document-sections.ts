/**
 * How resources stand in a document: one row per kind. Export, comparison and import all follow this
 * table, so a new kind is a row here and its schema in the contracts.
 */
import type { ConfigDocument, ConfigKind, PolicyRule } from '@ai-gateway/contracts';

export type Fields = Readonly<Record<string, unknown>>;

interface Reference {
  /** In the document: a name, or a list of names. */
  field: string;
  /** In the admin API: an id, or a list of ids. */
  column: string;
  to: ConfigKind;
}

export interface Section {
  kind: ConfigKind;
  /** Its list in the document or in its owner. */
  list: string;
  idColumn: string;
  owner: { kind: ConfigKind; column: string } | null;
  /** Names it within its owner. */
  keyOf: (item: Fields) => string;
  /** Whether a name may stand only once; else equal names are paired in their order. */
  isUnique: boolean;
  references: readonly Reference[];
  /** Path of its collection. */
  collection: (ownerId: number | string) => string;
  /** Goes with every write, where a write by itself would not take effect. */
  query?: string;
  /** Others point to it, so it goes last and comes first. */
  isReferred: boolean;
  /** Set for what the admin API addresses by name: a PUT makes or changes it. */
  named?: {
    path: (item: Fields) => string;
    body: (wanted: Fields, current: Fields | null) => Fields;
  };
  /** A live value without what the server adds to it; absent: it adds nothing. */
  written?: (value: Fields) => Fields;
  /** What it must let go of before others can take it; null: nothing. */
  release?: (current: Fields, wanted: Fields) => Fields | null;
}

const by = (field: string) => (item: Fields) => String(item[field]);
const toUpstream = { field: 'upstream', column: 'upstream_id', to: 'upstream' } as const;

export const SECTIONS: readonly Section[] = [
  {
    kind: 'settings',
    list: 'settings',
    idColumn: 'settings_id',
    owner: null,
    keyOf: ({ level, level_name }) => `${String(level)} ${String(level_name)}`,
    isUnique: true,
    references: [],
    collection: () => '/api/v1/settings',
    isReferred: false,
    named: { path: settingsPath, body: settingsBody },
  },
  {
    kind: 'policy',
    list: 'policies',
    idColumn: 'policy_id',
    owner: null,
    keyOf: by('policy_name'),
    isUnique: true,
    references: [],
    collection: () => '/api/v1/policies',
    isReferred: true,
    written: withoutNumbers,
  },
  {
    kind: 'token_rule',
    list: 'token_rules',
    idColumn: 'token_rule_id',
    owner: null,
    keyOf: by('rule_name'),
    isUnique: true,
    references: [],
    collection: () => '/api/v1/token-rules',
    query: '?publish=true',
    isReferred: false,
    written: ({ rule_version: _given, ...fields }) => fields,
  },
  {
    kind: 'upstream',
    list: 'upstreams',
    idColumn: 'upstream_id',
    owner: null,
    keyOf: by('upstream_code'),
    isUnique: true,
    references: [],
    collection: () => '/api/v1/upstreams',
    isReferred: true,
  },
  {
    kind: 'target',
    list: 'targets',
    idColumn: 'target_id',
    owner: { kind: 'upstream', column: 'upstream_id' },
    keyOf: by('url'),
    isUnique: false,
    references: [],
    collection: (ownerId) => `/api/v1/upstreams/${ownerId}/targets`,
    isReferred: false,
  },
  {
    kind: 'namespace',
    list: 'namespaces',
    idColumn: 'namespace_id',
    owner: null,
    keyOf: by('namespace_code'),
    isUnique: true,
    references: [{ field: 'policies', column: 'policy_ids', to: 'policy' }],
    collection: () => '/api/v1/namespaces',
    isReferred: true,
  },
  {
    kind: 'matcher',
    list: 'matchers',
    idColumn: 'matcher_id',
    owner: { kind: 'namespace', column: 'namespace_id' },
    keyOf: by('matcher_name'),
    isUnique: false,
    references: [],
    collection: (ownerId) => `/api/v1/namespaces/${ownerId}/matchers`,
    isReferred: false,
  },
  {
    kind: 'rule',
    list: 'rules',
    idColumn: 'rule_id',
    owner: { kind: 'namespace', column: 'namespace_id' },
    keyOf: by('rule_name'),
    isUnique: false,
    references: [],
    collection: (ownerId) => `/api/v1/namespaces/${ownerId}/rules`,
    isReferred: false,
  },
  {
    kind: 'model',
    list: 'models',
    idColumn: 'model_id',
    owner: null,
    keyOf: by('model_name'),
    isUnique: true,
    references: [toUpstream],
    collection: () => '/api/v1/models',
    isReferred: false,
    release: releasedAliases,
  },
  {
    kind: 'route',
    list: 'routes',
    idColumn: 'route_id',
    owner: null,
    keyOf: ({ path, name }) => `${String(path)} ${String(name)}`,
    isUnique: true,
    references: [toUpstream],
    collection: () => '/api/v1/routes',
    isReferred: false,
  },
];

export const ROOT_SECTIONS = SECTIONS.filter(({ owner }) => owner === null);

export const sectionsOwnedBy = (kind: ConfigKind): Section[] =>
  SECTIONS.filter(({ owner }) => owner?.kind === kind);

export function sectionOf(kind: ConfigKind): Section {
  const section = SECTIONS.find((candidate) => candidate.kind === kind);
  if (section === undefined) throw new Error(`${kind} stands in no document`);
  return section;
}

/** Lists of a document or of one of its items. */
export const listOf = (holder: ConfigDocument | Fields, list: string): Fields[] =>
  (holder as Record<string, Fields[] | undefined>)[list] ?? [];

function settingsPath({ level, level_name }: Fields): string {
  const name = String(level_name);
  return level === 'cluster'
    ? '/api/v1/settings/cluster'
    : `/api/v1/settings/${String(level)}s/${name}`;
}

/** A PUT merges, so what the document does not say is cleared. */
function settingsBody({ values }: Fields, current: Fields | null): Fields {
  const before = Object.keys((current?.['values'] as object | undefined) ?? {});
  const cleared = Object.fromEntries(before.map((name) => [name, null]));
  return { values: { ...cleared, ...(values as object) } };
}

function withoutNumbers({ policy_type: _derived, rules, ...fields }: Fields): Fields {
  const written = (rules as PolicyRule[]).map(({ rule_no: _given, ...rule }) => rule);
  return { ...fields, rules: written };
}

/** An alias may move from one model to another in the same import. */
function releasedAliases(current: Fields, wanted: Fields): Fields | null {
  const [before, after] = [current, wanted].map(({ aliases }) => aliases as string[]);
  const kept = (before ?? []).filter((alias) => after?.includes(alias));
  return kept.length === before?.length ? null : { aliases: kept };
}
