/**
 * Finds the route of a path: exact ones first, then the longest prefix that ends at a segment
 * boundary, then wildcards; among equals of one kind the larger priority, then the smaller id. Exact
 * and prefix routes cost Map lookups (one per segment of the request path, up to the deepest prefix),
 * however many there are; wildcards are tried one by one. Rejected: a radix tree, which buys nothing
 * at these depths and is harder to read.
 */
import { byPrecedence } from './precedence.js';
import type { RequestFacts } from './request-facts.js';
import type { CompiledRoute } from './route.compiler.js';
import { prefixOf } from './route-pattern.js';

export interface RouteTable {
  readonly exact: ReadonlyMap<string, readonly CompiledRoute[]>;
  /** By prefix without trailing slash. */
  readonly prefixes: ReadonlyMap<string, readonly CompiledRoute[]>;
  /** Slashes in the prefix that has most. */
  readonly deepestPrefix: number;
  readonly wildcards: readonly CompiledRoute[];
}

export type RouteChoice =
  | { readonly kind: 'found'; readonly route: CompiledRoute }
  /** Path and host are known, the method is not. */
  | { readonly kind: 'method_not_allowed'; readonly allowed: readonly string[] };

export function buildRouteTable(routes: readonly CompiledRoute[]): RouteTable {
  const ordered = routes.toSorted(byPrecedence);
  const ofType = (type: CompiledRoute['pathType']): CompiledRoute[] =>
    ordered.filter((route) => route.pathType === type);
  const prefixes = Map.groupBy(ofType('prefix'), ({ path }) => prefixOf(path));
  return {
    exact: Map.groupBy(ofType('exact'), ({ path }) => path),
    prefixes,
    deepestPrefix: Math.max(0, ...Array.from(prefixes.keys(), countSlashes)),
    wildcards: ofType('wildcard'),
  };
}

/** Null when no route knows the path. */
export function findRoute(table: RouteTable, facts: RequestFacts): RouteChoice | null {
  const refused: CompiledRoute[] = [];
  const route =
    firstUsable(table.exact.get(facts.path), facts, refused) ??
    findByPrefix(table, facts, refused) ??
    findByWildcard(table.wildcards, facts, refused);
  if (route !== null) return { kind: 'found', route };
  if (refused.length === 0) return null;
  const allowed = new Set(refused.flatMap(({ methods }) => [...(methods ?? [])]));
  return { kind: 'method_not_allowed', allowed: [...allowed].sort() };
}

/** Routes whose method alone does not fit are added to `refused`. */
function firstUsable(
  routes: readonly CompiledRoute[] | undefined,
  facts: RequestFacts,
  refused: CompiledRoute[],
): CompiledRoute | null {
  for (const route of routes ?? []) if (isUsable(route, facts, refused)) return route;
  return null;
}

function isUsable(route: CompiledRoute, facts: RequestFacts, refused: CompiledRoute[]): boolean {
  if (route.acceptsHost !== null && !route.acceptsHost(facts.host)) return false;
  if (route.methods === null || route.methods.has(facts.method)) return true;
  refused.push(route);
  return false;
}

function findByPrefix(
  { prefixes, deepestPrefix }: RouteTable,
  facts: RequestFacts,
  refused: CompiledRoute[],
): CompiledRoute | null {
  if (prefixes.size === 0) return null;
  for (let end = prefixEnd(facts.path, deepestPrefix); end >= 0;) {
    const prefix = facts.path.slice(0, end);
    const route = firstUsable(prefixes.get(prefix), facts, refused);
    if (route !== null) return route;
    end = end === 0 ? -1 : prefix.lastIndexOf('/');
  }
  return null;
}

/** Where the first `depth` segments of the path end. */
function prefixEnd(path: string, depth: number): number {
  let end = 0;
  for (let segments = 0; segments < depth && end < path.length; segments += 1) {
    const next = path.indexOf('/', end + 1);
    end = next < 0 ? path.length : next;
  }
  return end;
}

function findByWildcard(
  wildcards: readonly CompiledRoute[],
  facts: RequestFacts,
  refused: CompiledRoute[],
): CompiledRoute | null {
  for (const route of wildcards) {
    if (route.wildcard?.(facts.path) && isUsable(route, facts, refused)) return route;
  }
  return null;
}

const countSlashes = (text: string): number => text.split('/').length - 1;
