/**
 * Upstreams with their targets, models and routes. They are few next to tenants and hang together
 * (a changed target changes every route of its upstream), so the part is built anew as a whole when
 * any of them changed, and kept otherwise. What one resource compiles to is remembered by identity.
 */
import type { ConfigValues } from '@ai-gateway/contracts';
import { memoize, memoizeList, type Compiled } from './compile-memo.js';
import type { Steps } from './compile-step.js';
import type { CompiledKind, ConfigResources } from './config-delta.js';
import type { ReadMap } from './persistent-map.js';
import { compileModel, type CompiledModel } from './model.compiler.js';
import { nonexistent, type CompileProblem } from './problem-ledger.js';
import { compileRoute, type CompiledRoute } from './route.compiler.js';
import { buildRouteTable, type RouteTable } from './route-table.js';
import type { CompiledTimeouts } from './timeouts.js';
import { compileTarget, compileUpstream, type CompiledUpstream } from './upstream.compiler.js';

export interface TrafficPart {
  readonly upstreams: ReadonlyMap<number, CompiledUpstream>;
  readonly models: ReadonlyMap<string, CompiledModel>;
  readonly modelList: readonly CompiledModel[];
  readonly routes: RouteTable;
  readonly problems: readonly CompileProblem[];
}

export const TRAFFIC_KINDS = ['upstream', 'target', 'model', 'route'] as const;
type TrafficKind = (typeof TRAFFIC_KINDS)[number];

export const NO_TRAFFIC: TrafficPart = {
  upstreams: new Map(),
  models: new Map(),
  modelList: [],
  routes: buildRouteTable([]),
  problems: [],
};

type Upstreams = ReadonlyMap<number, CompiledUpstream>;

export class TrafficCompiler {
  readonly #defaults: CompiledTimeouts;
  readonly #target = memoize(compileTarget);
  readonly #upstream = memoize(compileUpstream);
  readonly #model = memoize(compileModel);
  readonly #route = memoize(compileRoute);
  readonly #routeTable = memoizeList(buildRouteTable);

  constructor(defaults: CompiledTimeouts) {
    this.#defaults = defaults;
  }

  *compile(resources: ConfigResources): Steps<TrafficPart> {
    const pass = new TrafficPass(resources);
    const upstreams = yield* this.#upstreams(pass);
    const models = yield* this.#models(pass, upstreams);
    const routes = yield* this.#routes(pass, upstreams);
    return {
      upstreams,
      models: byEveryName(models),
      modelList: models.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      routes: this.#routeTable(routes),
      problems: pass.problems,
    };
  }

  *#upstreams(pass: TrafficPass): Steps<Map<number, CompiledUpstream>> {
    const targets = yield* pass.collect(
      'target',
      (config) => pass.missing('upstream', config.upstream_id) ?? this.#target(config),
    );
    const targetsOf = Map.groupBy(targets.values(), ({ upstreamId }) => upstreamId);
    return yield* pass.collect(
      'upstream',
      (config) => this.#upstream(config, targetsOf.get(config.upstream_id) ?? [], this.#defaults),
      always,
    );
  }

  /** A name leads to one model; whoever comes first, in order of id, keeps it. */
  *#models(pass: TrafficPass, upstreams: Upstreams): Steps<CompiledModel[]> {
    const taken = new Set<string>();
    const models = yield* pass.collect('model', (config) => {
      const upstream = upstreams.get(config.upstream_id);
      if (upstream === undefined) return nonexistent('upstream', config.upstream_id);
      const names = [config.model_name, ...config.aliases];
      const conflict = names.find((name) => taken.has(name));
      if (conflict !== undefined) return refused(`another model is called ${conflict}`);
      for (const name of names) taken.add(name);
      return this.#model(config, upstream);
    });
    return [...models.values()];
  }

  *#routes(pass: TrafficPass, upstreams: Upstreams): Steps<CompiledRoute[]> {
    const routes = yield* pass.collect('route', (config) => {
      const upstream = upstreams.get(config.upstream_id);
      if (upstream === undefined) return nonexistent('upstream', config.upstream_id);
      return this.#route(config, upstream);
    });
    return [...routes.values()];
  }
}

/** One walk over the traffic resources: what could be compiled, and what could not and why. */
class TrafficPass {
  readonly problems: CompileProblem[] = [];
  readonly #resources: ConfigResources;

  constructor(resources: ConfigResources) {
    this.#resources = resources;
  }

  /** Compiles all resources of a kind that `isWanted`, in order of id. */
  *collect<Kind extends TrafficKind, Result>(
    kind: Kind,
    compile: (config: ConfigValues[Kind]) => Compiled<Result>,
    isWanted: (config: ConfigValues[Kind]) => boolean = isEnabled,
  ): Steps<Map<number, Result>> {
    const results = new Map<number, Result>();
    const resources: ReadMap<number, ConfigValues[Kind]> = this.#resources[kind];
    for (const [id, config] of [...resources.entries()].sort(([a], [b]) => a - b)) {
      yield;
      if (!isWanted(config)) continue;
      const compiled = compile(config);
      if (compiled.ok) results.set(id, compiled.value);
      else this.problems.push({ kind, id, reason: compiled.reason });
    }
    return results;
  }

  /** Null when the resource exists, enabled or not. */
  missing(kind: CompiledKind, id: number): Compiled<never> | null {
    return this.#resources[kind].has(id) ? null : nonexistent(kind, id);
  }
}

const isEnabled = ({ status }: { status: 0 | 1 }): boolean => status === 1;

const always = (): boolean => true;

const refused = (reason: string): Compiled<never> => ({ ok: false, reason });

function byEveryName(models: readonly CompiledModel[]): Map<string, CompiledModel> {
  return new Map(
    models.flatMap((model) => [model.name, ...model.aliases].map((name) => [name, model] as const)),
  );
}
