/**
 * The documented keys of the configuration copy: what people and foreign tools read. Pure: from the
 * mirror to keys and JSON. They carry no credential, not even a sealed one.
 */
import { REDIS_TTL_SEC, copyKeys, type ConfigValues } from '@ai-gateway/contracts';
import type { ConfigMirror, MirrorChange } from './config-mirror.js';
import { ruleLines } from './rule-lines.js';

export interface CopyDocument {
  key: string;
  ttlSec: number;
  /** Null: the key goes. */
  value: object | null;
}

/** The documents a set of changes touches. */
export function documentsFor(
  mirror: ConfigMirror,
  changes: readonly MirrorChange[],
): CopyDocument[] {
  const lists = affectedLists(changes);
  return [
    ...Array.from(lists.namespaces, (id) => namespaceDocument(mirror, id)),
    ...Array.from(lists.matchers, (id) => matchersDocument(mirror, id)),
    ...Array.from(lists.rules, (id) => rulesDocument(mirror, id)),
    ...Array.from(lists.upstreams, (id) => upstreamDocument(mirror, id)),
    ...Array.from(lists.routes, (id) => locationDocument(mirror, id)),
    ...Array.from(lists.policies, (id) => policyDocument(mirror, id)),
  ];
}

/** Every live document, for a rebuild and for the refresh before expiry. */
export function allDocuments(mirror: ConfigMirror): CopyDocument[] {
  const live = (['namespace', 'upstream', 'route', 'policy'] as const).flatMap((kind) =>
    mirror.list(kind).map((value) => ({ kind, id: idOf(value), before: null, after: value })),
  );
  return documentsFor(mirror, live);
}

const idOf = (value: ConfigValues['namespace' | 'upstream' | 'route' | 'policy']): number => {
  if ('policy_id' in value) return value.policy_id;
  if ('namespace_id' in value) return value.namespace_id;
  return 'route_id' in value ? value.route_id : value.upstream_id;
};

interface AffectedLists {
  namespaces: Set<number>;
  matchers: Set<number>;
  rules: Set<number>;
  upstreams: Set<number>;
  routes: Set<number>;
  policies: Set<number>;
}

function affectedLists(changes: readonly MirrorChange[]): AffectedLists {
  const lists: AffectedLists = {
    namespaces: new Set(),
    matchers: new Set(),
    rules: new Set(),
    upstreams: new Set(),
    routes: new Set(),
    policies: new Set(),
  };
  for (const change of changes) {
    if (change.kind === 'namespace') {
      for (const list of [lists.namespaces, lists.matchers, lists.rules]) list.add(change.id);
      addOwners(lists.policies, change, 'policy_ids');
    }
    if (change.kind === 'policy') lists.policies.add(change.id);
    if (change.kind === 'matcher') addOwners(lists.matchers, change, 'namespace_id');
    if (change.kind === 'rule') addOwners(lists.rules, change, 'namespace_id');
    if (change.kind === 'upstream') lists.upstreams.add(change.id);
    if (change.kind === 'target') addOwners(lists.upstreams, change, 'upstream_id');
    if (change.kind === 'route') lists.routes.add(change.id);
  }
  return lists;
}

function addOwners(owners: Set<number>, change: MirrorChange, field: string): void {
  for (const value of [change.before, change.after]) {
    const owner = (value as Record<string, unknown> | null)?.[field];
    for (const id of Array.isArray(owner) ? owner : [owner]) {
      if (typeof id === 'number') owners.add(id);
    }
  }
}

function namespaceDocument(mirror: ConfigMirror, id: number): CopyDocument {
  const value = mirror.find('namespace', id);
  return { key: copyKeys.namespace(id), ttlSec: REDIS_TTL_SEC.namespace, value };
}

function matchersDocument(mirror: ConfigMirror, id: number): CopyDocument {
  return {
    key: copyKeys.matchers(id),
    ttlSec: REDIS_TTL_SEC.matchers,
    value: mirror.find('namespace', id) && byPriority(mirror.owned('matcher', id)),
  };
}

/** `rule_config` stands in the documented key as a JSON string. */
function rulesDocument(mirror: ConfigMirror, id: number): CopyDocument {
  return {
    key: copyKeys.rules(id),
    ttlSec: REDIS_TTL_SEC.rules,
    value:
      mirror.find('namespace', id) &&
      byPriority(mirror.owned('rule', id)).map((rule) => ({
        ...rule,
        rule_config: JSON.stringify(rule.rule_config),
      })),
  };
}

function upstreamDocument(mirror: ConfigMirror, id: number): CopyDocument {
  const upstream = mirror.find('upstream', id);
  const servers = mirror.owned('target', id).map(({ credential: _never, ...shown }) => shown);
  return {
    key: copyKeys.upstream(id),
    ttlSec: REDIS_TTL_SEC.upstream,
    value: upstream && { ...upstream, targets: servers },
  };
}

function locationDocument(mirror: ConfigMirror, id: number): CopyDocument {
  const route = mirror.find('route', id);
  return {
    key: copyKeys.location(id),
    ttlSec: REDIS_TTL_SEC.locations,
    value: route && {
      ...route,
      location_id: id,
      upstream: mirror.find('upstream', route.upstream_id)?.upstream_code ?? null,
      proxy_cache: false,
      proxy_buffering: false,
    },
  };
}

function policyDocument(mirror: ConfigMirror, id: number): CopyDocument {
  const policy = mirror.find('policy', id);
  return {
    key: copyKeys.policy(id),
    ttlSec: REDIS_TTL_SEC.policies,
    value: policy && {
      policy_id: id,
      name: policy.policy_name,
      type: policy.policy_type,
      namespaces: mirror
        .owned('namespace', id)
        .map(({ namespace_code }) => namespace_code)
        .sort(),
      rules: policy.rules.flatMap(ruleLines),
      status: policy.status === 1 ? 'enabled' : 'disabled',
    },
  };
}

const byPriority = <Value extends { priority: number }>(values: readonly Value[]): Value[] =>
  [...values].sort((left, right) => right.priority - left.priority);
