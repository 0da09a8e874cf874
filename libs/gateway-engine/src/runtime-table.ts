/**
 * What a gateway decides from: one immutable table per revision. A request keeps the table it
 * started with.
 */
import type { CompiledApiKey } from './api-key.compiler.js';
import { findMatcher, type MatcherIndex } from './matcher-index.js';
import type { CompiledModel } from './model.compiler.js';
import type { CompiledNamespace } from './namespace.compiler.js';
import type { ReadMap } from './persistent-map.js';
import type { CompileProblem } from './problem-ledger.js';
import type { RequestFacts } from './request-facts.js';
import { findRoute, type RouteChoice, type RouteTable } from './route-table.js';
import type { RoutingFields } from './routing-fields.js';
import type { TableParts } from './table-parts.js';
import type { CompiledUpstream } from './upstream.compiler.js';

export interface RuntimeTable {
  readonly epoch: string;
  readonly revision: number;
  /** Enabled ones by id. */
  readonly namespaces: ReadMap<number, CompiledNamespace>;
  /** Takes the requests that no matcher recognises. */
  readonly defaultNamespace: CompiledNamespace | null;
  readonly matchers: MatcherIndex;
  readonly routes: RouteTable;
  /** By name and by alias. */
  readonly models: ReadonlyMap<string, CompiledModel>;
  /** Each model once, in order of name. */
  readonly modelList: readonly CompiledModel[];
  /** By id, disabled ones without targets. */
  readonly upstreams: ReadonlyMap<number, CompiledUpstream>;
  /** By digest. */
  readonly apiKeys: ReadMap<string, CompiledApiKey>;
  readonly routingFields: RoutingFields;
  /** What could not be compiled and is therefore missing from this table. */
  readonly problems: readonly CompileProblem[];
  /** For the next compile only. */
  readonly parts: TableParts;
}

export interface MatchResult {
  /** Null: the matcher's namespace cannot run, and nobody else's rules hold in its place. */
  readonly namespace: CompiledNamespace | null;
  /** Null: no matcher, but the default namespace. */
  readonly matcherId: number | null;
}

/** The namespace of a request; null: nobody's, to be refused. */
export function matchNamespace(table: RuntimeTable, facts: RequestFacts): MatchResult | null {
  const matcher = findMatcher(table.matchers, facts);
  if (matcher !== null) {
    return { namespace: table.namespaces.get(matcher.namespaceId) ?? null, matcherId: matcher.id };
  }
  const fallback = table.defaultNamespace;
  return fallback === null ? null : { namespace: fallback, matcherId: null };
}

/** The configured route of a request; null: no route knows the path. */
export function chooseRoute(table: RuntimeTable, facts: RequestFacts): RouteChoice | null {
  return findRoute(table.routes, facts);
}

/** @param name as the client wrote it; an alias leads to the canonical model */
export function findModel(table: RuntimeTable, name: string): CompiledModel | null {
  return table.models.get(name) ?? null;
}
