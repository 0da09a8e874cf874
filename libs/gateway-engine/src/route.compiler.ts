/** Compiles one route: its conditions on method and host, and what the forwarder needs. */
import type { RouteConfig } from '@ai-gateway/contracts';
import { compileRouteLimit } from './limit.compiler.js';
import type { CompiledLimit } from './limit.types.js';
import {
  compileTargetPath,
  compileWildcard,
  type TargetPath,
  type Wildcard,
} from './route-pattern.js';
import { overrideTimeouts, type CompiledTimeouts } from './timeouts.js';
import type { CompiledUpstream } from './upstream.compiler.js';

export interface CompiledRoute {
  readonly id: number;
  readonly name: string;
  readonly priority: number;
  readonly path: string;
  readonly pathType: RouteConfig['path_type'];
  /** Null for the other path types. */
  readonly wildcard: Wildcard | null;
  /** Null: any. */
  readonly methods: ReadonlySet<string> | null;
  /** Null: any. */
  readonly acceptsHost: ((host: string) => boolean) | null;
  readonly upstream: CompiledUpstream;
  /** The path at the target, before the target's base path, for a path this route matched. */
  readonly targetPath: TargetPath;
  readonly requiresAuth: boolean;
  readonly timeouts: CompiledTimeouts;
  readonly limit: CompiledLimit | null;
}

/** @throws UncompilableError */
export function compileRoute(config: RouteConfig, upstream: CompiledUpstream): CompiledRoute {
  return {
    id: config.route_id,
    name: config.name,
    priority: config.priority,
    path: config.path,
    pathType: config.path_type,
    wildcard: config.path_type === 'wildcard' ? compileWildcard(config.path) : null,
    methods: config.methods.length === 0 ? null : new Set<string>(config.methods),
    acceptsHost: compileHosts(config.hosts),
    upstream,
    targetPath: compileTargetPath(config),
    requiresAuth: config.requires_auth,
    timeouts: overrideTimeouts(upstream.timeouts, config.timeouts),
    limit: compileRouteLimit(config),
  };
}

/** `*.example.com` takes every name below example.com, not example.com itself. */
function compileHosts(hosts: readonly string[]): CompiledRoute['acceptsHost'] {
  if (hosts.length === 0 || hosts.includes('*')) return null;
  const names = hosts.map((host) => host.toLowerCase());
  const exact = new Set(names.filter((name) => !name.startsWith('*.')));
  const suffixes = names.filter((name) => name.startsWith('*.')).map((name) => name.slice(1));
  return (host) =>
    exact.has(host) ||
    suffixes.some((suffix) => host.length > suffix.length && host.endsWith(suffix));
}
