/**
 * The namespaces of a table with their rules. A namespace is compiled again when it, one of its
 * rules or, in future, anything else its compile reads has changed; all others are kept as they are.
 */
import { attempt } from './compile-memo.js';
import type { Steps } from './compile-step.js';
import type { ConfigDelta } from './config-delta.js';
import { compileNamespace, type CompiledNamespace } from './namespace.compiler.js';
import { updateOwned, type OwnedBy } from './owned-resources.js';
import { MapEdit, emptyMap, type PersistentMap } from './persistent-map.js';
import { ProblemLedger, nonexistent, type ProblemMap } from './problem-ledger.js';
import { compileRule, type CompiledRule } from './rule.compiler.js';

export interface NamespacePart {
  readonly rules: OwnedBy<CompiledRule>;
  /** Enabled ones by id. */
  readonly compiled: PersistentMap<number, CompiledNamespace>;
  /** Those of them that say they are the default, by id: one, if all is well. */
  readonly defaults: PersistentMap<number, CompiledNamespace>;
  readonly problems: ProblemMap;
}

export interface NamespaceUpdate {
  readonly part: NamespacePart;
  /** Namespaces that were taken out of the table, and those that came in. */
  readonly removed: readonly CompiledNamespace[];
  readonly added: readonly CompiledNamespace[];
}

export const NO_NAMESPACES: NamespacePart = {
  rules: emptyMap(),
  compiled: emptyMap(),
  defaults: emptyMap(),
  problems: emptyMap(),
};

export function* updateNamespaces(base: NamespacePart, delta: ConfigDelta): Steps<NamespaceUpdate> {
  const problems = new ProblemLedger('rule', base.problems);
  const rules = yield* updateOwned(base.rules, delta, {
    kind: 'rule',
    compile: (config) => attempt(() => compileRule(config)),
  });
  for (const id of rules.touched.keys()) problems.note(id, undefined);
  const compiled = new MapEdit(base.compiled);
  const defaults = new MapEdit(base.defaults);
  const removed: CompiledNamespace[] = [];
  const added: CompiledNamespace[] = [];
  for (const id of dirtyNamespaces(delta, rules.owners)) {
    yield;
    const before = base.compiled.get(id);
    const now = compileOne(id, delta, { rules: rules.owned, problems });
    if (before !== undefined) removed.push(before);
    if (now !== null) added.push(now);
    put(compiled, id, now);
    put(defaults, id, now?.isDefault === true ? now : null);
  }
  const part = {
    rules: rules.owned,
    compiled: compiled.done(),
    defaults: defaults.done(),
    problems: problems.done(),
  };
  return { part, removed, added };
}

/** Every namespace whose compile reads something that changed. */
function dirtyNamespaces(delta: ConfigDelta, ownersOfRules: ReadonlySet<number>): Set<number> {
  const dirty = new Set(ownersOfRules);
  for (const { id } of delta.of('namespace')) dirty.add(id);
  return dirty;
}

interface Sources {
  readonly rules: OwnedBy<CompiledRule>;
  readonly problems: ProblemLedger;
}

/** Null when there is no such namespace or it is disabled. */
function compileOne(
  id: number,
  delta: ConfigDelta,
  { rules, problems }: Sources,
): CompiledNamespace | null {
  const config = delta.now.namespace.get(id);
  const usable: CompiledRule[] = [];
  for (const [ruleId, rule] of rules.get(id) ?? []) {
    problems.note(ruleId, config === undefined ? nonexistent('namespace', id) : rule);
    if (rule.ok) usable.push(rule.value);
  }
  return config?.status === 1 ? compileNamespace(config, usable) : null;
}

function put(
  map: MapEdit<number, CompiledNamespace>,
  id: number,
  value: CompiledNamespace | null,
): void {
  if (value !== null) map.set(id, value);
  else map.delete(id);
}

/** The first in order of id, should there be several; null: none. */
export function defaultOf({ defaults }: NamespacePart): CompiledNamespace | null {
  let first: CompiledNamespace | null = null;
  for (const candidate of defaults.values()) {
    if (first === null || candidate.id < first.id) first = candidate;
  }
  return first;
}
