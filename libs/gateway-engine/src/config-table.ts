/**
 * Compiles configuration into the runtime table, from nothing or from an earlier table and what has
 * changed since: then only that is compiled, and all else is shared with the earlier table. Compiling
 * from nothing is the same with everything changed. A resource that cannot be compiled, or points to
 * one that does not exist, is reported and left out, and never takes others with it. Nothing an
 * earlier table reaches is touched, so any table may be built on, any number of times, and one that
 * is thrown away leaves nothing behind. Rejected: patching the running table, which can leave a
 * mixture of two revisions behind; a builder with a memory of its own, which has to be undone when
 * a table is not installed.
 */
import type { ConfigHead } from '@ai-gateway/contracts';
import { updateApiKeys } from './api-key.part.js';
import { finish, type Steps } from './compile-step.js';
import { ConfigDelta, type ChangedResource, type ConfigResources } from './config-delta.js';
import { updateMatchers, type MatcherUpdate } from './matcher.part.js';
import { defaultOf, updateNamespaces, type NamespaceUpdate } from './namespace.part.js';
import { byKindAndId, type CompileProblem } from './problem-ledger.js';
import {
  FieldUseEdit,
  fieldsOfMatcher,
  fieldsOfNamespace,
  type FieldUse,
} from './routing-fields.js';
import type { RuntimeTable } from './runtime-table.js';
import { NO_PARTS, type TableParts } from './table-parts.js';
import { DEFAULT_TIMEOUTS, type CompiledTimeouts } from './timeouts.js';
import { TRAFFIC_KINDS, TrafficCompiler } from './traffic.part.js';

/** An earlier table, and everything that may differ from what it was compiled from. */
export interface CompileBase {
  readonly table: Pick<RuntimeTable, 'parts'>;
  readonly changed: Iterable<ChangedResource>;
}

/** For a single compile; a gateway keeps a builder. */
export function compileConfig(resources: ConfigResources, head: ConfigHead): RuntimeTable {
  return new RuntimeTableBuilder().compile(resources, head);
}

export class RuntimeTableBuilder {
  readonly #traffic: TrafficCompiler;

  /** @param defaults what holds where neither upstream nor route sets a timeout */
  constructor(defaults: CompiledTimeouts = DEFAULT_TIMEOUTS) {
    this.#traffic = new TrafficCompiler(defaults);
  }

  /** @param base null: from nothing */
  compile(
    resources: ConfigResources,
    head: ConfigHead,
    base: CompileBase | null = null,
  ): RuntimeTable {
    return finish(this.steps(resources, head, base));
  }

  /**
   * The same in steps of less than a millisecond each, unless one namespace or one bucket holds
   * ten thousands. `resources` must not change meanwhile.
   */
  *steps(
    resources: ConfigResources,
    head: ConfigHead,
    base: CompileBase | null,
  ): Steps<RuntimeTable> {
    const before = base?.table.parts ?? NO_PARTS;
    const delta = new ConfigDelta(before.resources, resources, base?.changed ?? null);
    const namespaces = yield* updateNamespaces(before.namespaces, delta);
    const matchers = yield* updateMatchers(before.matchers, delta);
    const apiKeys = yield* updateApiKeys(before.apiKeys, delta);
    const isTrafficSame = !TRAFFIC_KINDS.some((kind) => delta.touches(kind));
    const parts = {
      resources,
      namespaces: namespaces.part,
      matchers: matchers.part,
      apiKeys,
      fieldUse: yield* countFields(before.fieldUse, namespaces, matchers),
      traffic: isTrafficSame ? before.traffic : yield* this.#traffic.compile(resources),
    };
    return tableOf({ ...parts, problems: problemsOf(parts, before) }, head);
  }
}

function tableOf(parts: TableParts, head: ConfigHead): RuntimeTable {
  const { upstreams, models, modelList, routes } = parts.traffic;
  return {
    epoch: head.epoch,
    revision: head.revision,
    namespaces: parts.namespaces.compiled,
    defaultNamespace: defaultOf(parts.namespaces),
    matchers: parts.matchers.filed,
    routes,
    models,
    modelList,
    upstreams,
    apiKeys: parts.apiKeys.byDigest,
    routingFields: parts.fieldUse.fields,
    problems: parts.problems,
    parts,
  };
}

function* countFields(
  base: FieldUse,
  namespaces: NamespaceUpdate,
  matchers: MatcherUpdate,
): Steps<FieldUse> {
  const use = new FieldUseEdit(base);
  for (const [by, { namespace, matcher }] of [
    [1, { namespace: namespaces.added, matcher: matchers.added }],
    [-1, { namespace: namespaces.removed, matcher: matchers.removed }],
  ] as const) {
    for (const each of matcher) {
      yield;
      use.count(fieldsOfMatcher(each), by);
    }
    for (const each of namespace) {
      yield;
      use.count(fieldsOfNamespace(each), by);
    }
  }
  return use.done();
}

type Parts = Omit<TableParts, 'problems'>;

/** In order of kind and id; the very same list while nothing about it changed. */
function problemsOf(parts: Parts, before: TableParts): readonly CompileProblem[] {
  const [now, then] = [sources(parts), sources(before)];
  if (now.every((source, index) => source === then[index])) return before.problems;
  return now.flatMap((source) => [...source.values()]).sort(byKindAndId);
}

const sources = ({ namespaces, matchers, apiKeys, traffic }: Parts) => [
  namespaces.policies.problems,
  namespaces.ruleProblems,
  namespaces.problems,
  matchers.problems,
  apiKeys.problems,
  traffic.problems,
];
