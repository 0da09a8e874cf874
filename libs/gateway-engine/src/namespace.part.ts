/**
 * The namespaces of a table with their rules, own and inherited. A namespace is compiled again when
 * it, one of its rules or one of its policies has changed; all others are kept as they are.
 */
import type { NamespaceConfig, RuleConfig } from '@ai-gateway/contracts';
import { attempt, type Compiled } from './compile-memo.js';
import type { Steps } from './compile-step.js';
import type { ConfigDelta } from './config-delta.js';
import { compileNamespace, type CompiledNamespace } from './namespace.compiler.js';
import { updateOwned, type OwnedBy } from './owned-resources.js';
import { MapEdit, emptyMap, type PersistentMap } from './persistent-map.js';
import { NO_POLICIES, heirsOfChanged, updatePolicies, type PolicyPart } from './policy.part.js';
import { ProblemLedger, nonexistent, type ProblemMap } from './problem-ledger.js';
import { holds, inheritedRules } from './rule-inheritance.js';
import {
  compileRule,
  switchedOff,
  type CompiledRule,
  type CompiledTemplate,
} from './rule.compiler.js';

export interface NamespacePart {
  /** Disabled ones too. */
  readonly rules: OwnedBy<CompiledRule>;
  readonly policies: PolicyPart;
  /** Enabled ones by id. */
  readonly compiled: PersistentMap<number, CompiledNamespace>;
  /** Those of them that say they are the default, by id: one, if all is well. */
  readonly defaults: PersistentMap<number, CompiledNamespace>;
  readonly ruleProblems: ProblemMap;
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
  policies: NO_POLICIES,
  compiled: emptyMap(),
  defaults: emptyMap(),
  ruleProblems: emptyMap(),
  problems: emptyMap(),
};

export function* updateNamespaces(base: NamespacePart, delta: ConfigDelta): Steps<NamespaceUpdate> {
  const ruleProblems = new ProblemLedger('rule', base.ruleProblems);
  const problems = new ProblemLedger('namespace', base.problems);
  const policies = yield* updatePolicies(base.policies, delta);
  const rules = yield* updateOwned(base.rules, delta, {
    kind: 'rule',
    compile: compileOwnRule,
    isKept: () => true,
  });
  for (const id of rules.touched.keys()) {
    yield;
    ruleProblems.note(id, undefined);
  }
  const sources = { delta, rules: rules.owned, policies, ruleProblems };
  const compiled = new MapEdit(base.compiled);
  const defaults = new MapEdit(base.defaults);
  const removed: CompiledNamespace[] = [];
  const added: CompiledNamespace[] = [];
  const heirs = yield* heirsOfChanged(delta);
  for (const id of dirtyNamespaces(delta, rules.owners, heirs)) {
    yield;
    const before = base.compiled.get(id);
    const outcome = compileOne(id, sources);
    problems.note(id, outcome);
    const now = outcome?.ok === true ? outcome.value : null;
    if (before !== undefined) removed.push(before);
    if (now !== null) added.push(now);
    put(compiled, id, now);
    put(defaults, id, now?.isDefault === true ? now : null);
  }
  const part = {
    rules: rules.owned,
    policies,
    compiled: compiled.done(),
    defaults: defaults.done(),
    ruleProblems: ruleProblems.done(),
    problems: problems.done(),
  };
  return { part, removed, added };
}

/** Every namespace whose compile reads something that changed. */
function dirtyNamespaces(
  delta: ConfigDelta,
  ownersOfRules: ReadonlySet<number>,
  heirs: readonly number[],
): Set<number> {
  const dirty = new Set([...ownersOfRules, ...heirs]);
  for (const { id } of delta.of('namespace')) dirty.add(id);
  return dirty;
}

interface Sources {
  readonly delta: ConfigDelta;
  readonly rules: OwnedBy<CompiledRule>;
  readonly policies: PolicyPart;
  readonly ruleProblems: ProblemLedger;
}

/** What is disabled is not compiled, so that it may be wrong. */
const compileOwnRule = (config: RuleConfig): Compiled<CompiledRule> =>
  config.status === 1
    ? attempt(() => compileRule(config))
    : { ok: true, value: switchedOff(config) };

/** Undefined when there is no such namespace or it is disabled. */
function compileOne(id: number, sources: Sources): Compiled<CompiledNamespace> | undefined {
  const { namespace, policy } = sources.delta.now;
  const config = namespace.get(id);
  const usable = usableRules(id, sources);
  if (config?.status !== 1) return undefined;
  const missing = config.policy_ids.find((policyId) => !policy.has(policyId));
  if (missing !== undefined) return nonexistent('policy', missing);
  // Without the rules of its policy a namespace would run without limits.
  const refused = config.policy_ids.find((one) => sources.policies.compiled.get(one)?.ok === false);
  if (refused !== undefined) return { ok: false, reason: `policy ${refused} is refused` };
  return { ok: true, value: compileNamespace(config, usable, inherited(config, usable, sources)) };
}

function usableRules(owner: number, { delta, rules, ruleProblems }: Sources): CompiledRule[] {
  const isOrphaned = !delta.now.namespace.has(owner);
  const usable: CompiledRule[] = [];
  for (const [id, rule] of rules.get(owner) ?? []) {
    const isEnabled = delta.now.rule.get(id)?.status === 1;
    ruleProblems.note(id, isOrphaned && isEnabled ? nonexistent('namespace', owner) : rule);
    if (rule.ok) usable.push(rule.value);
  }
  return usable;
}

function inherited(
  config: NamespaceConfig,
  ownRules: readonly CompiledRule[],
  { delta, policies }: Sources,
): CompiledTemplate[] {
  const own = ownRules.flatMap(({ id }) => delta.now.rule.get(id) ?? []);
  return inheritedRules(config, own, delta.now.policy)
    .filter(holds)
    .flatMap(({ policyId, rule }) => {
      const policy = policies.compiled.get(policyId);
      return policy?.ok === true ? (policy.value.get(rule.rule_no) ?? []) : [];
    });
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
