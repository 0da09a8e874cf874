/**
 * Compiles configuration into the runtime table. A resource that cannot be compiled, or points to
 * one that does not exist, is reported and left out, and never takes others with it; the caller
 * puts its last good value in its place and compiles again, which costs little because everything
 * unchanged is remembered. Rejected: patching the running table, which can leave a mixture of two
 * revisions behind.
 */
import type { ConfigHead, NamespaceConfig } from '@ai-gateway/contracts';
import { compileApiKey, type CompiledApiKey } from './api-key.compiler.js';
import { memoize, memoizeList, type Compiled } from './compile-memo.js';
import { CompilePass, nonexistent, type ConfigResources } from './compile-pass.js';
import { compileMatcher, type CompiledMatcher } from './matcher.compiler.js';
import { buildMatcherIndex } from './matcher-index.js';
import { compileModel, type CompiledModel } from './model.compiler.js';
import { compileNamespace, type CompiledNamespace } from './namespace.compiler.js';
import { compileRoute, type CompiledRoute } from './route.compiler.js';
import { buildRouteTable } from './route-table.js';
import { collectRoutingFields } from './routing-fields.js';
import { holds, inheritedRules } from './rule-inheritance.js';
import { compilePolicy, compileRule, type CompiledTemplate } from './rule.compiler.js';
import type { RuntimeTable } from './runtime-table.js';
import { DEFAULT_TIMEOUTS, type CompiledTimeouts } from './timeouts.js';
import { compileTarget, compileUpstream, type CompiledUpstream } from './upstream.compiler.js';

/** For a single compile; a gateway keeps a builder. */
export function compileConfig(resources: ConfigResources, head: ConfigHead): RuntimeTable {
  return new RuntimeTableBuilder().compile(resources, head);
}

/** Keep one per process: it remembers what it compiled, by the identity of the values. */
export class RuntimeTableBuilder {
  readonly #defaults: CompiledTimeouts;
  readonly #matcher = memoize(compileMatcher);
  readonly #rule = memoize(compileRule);
  readonly #policy = memoize(compilePolicy);
  readonly #namespace = memoize(compileNamespace);
  readonly #target = memoize(compileTarget);
  readonly #upstream = memoize(compileUpstream);
  readonly #model = memoize(compileModel);
  readonly #route = memoize(compileRoute);
  readonly #apiKey = memoize(compileApiKey);
  readonly #matcherIndex = memoizeList(buildMatcherIndex);
  readonly #routeTable = memoizeList(buildRouteTable);

  /** @param defaults what holds where neither upstream nor route sets a timeout */
  constructor(defaults: CompiledTimeouts = DEFAULT_TIMEOUTS) {
    this.#defaults = defaults;
  }

  compile(resources: ConfigResources, head: ConfigHead): RuntimeTable {
    const pass = new CompilePass(resources);
    const namespaces = this.#namespaces(pass, resources);
    const matchers = this.#matchers(pass, namespaces);
    const upstreams = this.#upstreams(pass);
    const models = this.#models(pass, upstreams);
    return {
      epoch: head.epoch,
      revision: head.revision,
      namespaces,
      defaultNamespace: [...namespaces.values()].find(({ isDefault }) => isDefault) ?? null,
      matchers: this.#matcherIndex(matchers),
      routes: this.#routeTable(this.#routes(pass, upstreams)),
      models: byEveryName(models),
      modelList: models.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      upstreams,
      apiKeys: this.#apiKeys(pass),
      routingFields: collectRoutingFields(matchers, namespaces.values()),
      problems: pass.problems,
    };
  }

  #namespaces(pass: CompilePass, resources: ConfigResources): Map<number, CompiledNamespace> {
    const rules = pass.collect(
      'rule',
      (config) => pass.missing('namespace', config.namespace_id) ?? this.#rule(config),
    );
    const rulesOf = Map.groupBy(rules.values(), ({ namespaceId }) => namespaceId);
    const inheritedBy = this.#inheritance(pass, resources);
    return pass.collect('namespace', (config) => {
      const { policy_ids: policyIds, namespace_id: id } = config;
      const missing = firstOf(policyIds, (policyId) => pass.missing('policy', policyId));
      return missing ?? this.#namespace(config, rulesOf.get(id) ?? [], inheritedBy(config));
    });
  }

  /** Own rules replace inherited ones by name, also disabled ones, which are not compiled. */
  #inheritance(pass: CompilePass, { rule, policy }: ConfigResources) {
    const compiled = pass.collect('policy', (config) => this.#policy(config));
    const ownOf = Map.groupBy(rule.values(), ({ namespace_id }) => namespace_id);
    return (config: NamespaceConfig): CompiledTemplate[] =>
      inheritedRules(config, ownOf.get(config.namespace_id) ?? [], policy)
        .filter(holds)
        .flatMap(({ policyId, rule }) => compiled.get(policyId)?.get(rule.rule_no) ?? []);
  }

  #matchers(
    pass: CompilePass,
    namespaces: ReadonlyMap<number, CompiledNamespace>,
  ): CompiledMatcher[] {
    const matchers = pass.collect(
      'matcher',
      (config) => pass.missing('namespace', config.namespace_id) ?? this.#matcher(config),
    );
    return [...matchers.values()].filter(({ namespaceId }) => namespaces.has(namespaceId));
  }

  #upstreams(pass: CompilePass): Map<number, CompiledUpstream> {
    const targets = pass.collect(
      'target',
      (config) => pass.missing('upstream', config.upstream_id) ?? this.#target(config),
    );
    const targetsOf = Map.groupBy(targets.values(), ({ upstreamId }) => upstreamId);
    return pass.collect(
      'upstream',
      (config) => this.#upstream(config, targetsOf.get(config.upstream_id) ?? [], this.#defaults),
      always,
    );
  }

  /** A name leads to one model; whoever comes first, in order of id, keeps it. */
  #models(pass: CompilePass, upstreams: ReadonlyMap<number, CompiledUpstream>): CompiledModel[] {
    const taken = new Set<string>();
    const models = pass.collect('model', (config) => {
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

  #routes(pass: CompilePass, upstreams: ReadonlyMap<number, CompiledUpstream>): CompiledRoute[] {
    const routes = pass.collect('route', (config) => {
      const upstream = upstreams.get(config.upstream_id);
      if (upstream === undefined) return nonexistent('upstream', config.upstream_id);
      return this.#route(config, upstream);
    });
    return [...routes.values()];
  }

  #apiKeys(pass: CompilePass): Map<string, CompiledApiKey> {
    const keys = pass.collect('api_key', (config) => {
      const { namespace_id: id } = config;
      return (id === null ? null : pass.missing('namespace', id)) ?? this.#apiKey(config);
    });
    return new Map(Array.from(keys.values(), (key) => [key.digest, key]));
  }
}

function firstOf<Item, Result>(
  items: readonly Item[],
  find: (item: Item) => Result | null,
): Result | null {
  for (const item of items) {
    const found = find(item);
    if (found !== null) return found;
  }
  return null;
}

const always = (): boolean => true;

const refused = (reason: string): Compiled<never> => ({ ok: false, reason });

function byEveryName(models: readonly CompiledModel[]): Map<string, CompiledModel> {
  return new Map(
    models.flatMap((model) => [model.name, ...model.aliases].map((name) => [name, model] as const)),
  );
}
