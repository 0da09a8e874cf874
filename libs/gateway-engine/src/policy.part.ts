/** The policies of a table, each compiled once for all namespaces that inherit from it. */
import { attempt, type Compiled } from './compile-memo.js';
import type { Steps } from './compile-step.js';
import type { ConfigDelta } from './config-delta.js';
import { MapEdit, emptyMap, type PersistentMap } from './persistent-map.js';
import { ProblemLedger, type ProblemMap } from './problem-ledger.js';
import { compilePolicy, type CompiledPolicy } from './rule.compiler.js';

export interface PolicyPart {
  /** Enabled ones by id. */
  readonly compiled: PersistentMap<number, Compiled<CompiledPolicy>>;
  readonly problems: ProblemMap;
}

export const NO_POLICIES: PolicyPart = { compiled: emptyMap(), problems: emptyMap() };

export function* updatePolicies(base: PolicyPart, delta: ConfigDelta): Steps<PolicyPart> {
  const compiled = new MapEdit(base.compiled);
  const problems = new ProblemLedger('policy', base.problems);
  for (const { id, now } of delta.of('policy')) {
    yield;
    const policy = now?.status === 1 ? attempt(() => compilePolicy(now)) : undefined;
    problems.note(id, policy);
    if (policy === undefined) compiled.delete(id);
    else compiled.set(id, policy);
  }
  return { compiled: compiled.done(), problems: problems.done() };
}

/**
 * The namespaces that inherit from a policy which changed. All are walked, which costs less than an
 * index to keep: policies change seldom, and with them all their namespaces are compiled anyway.
 */
export function* heirsOfChanged(delta: ConfigDelta): Steps<number[]> {
  const changed = new Set(Array.from(delta.of('policy'), ({ id }) => id));
  const heirs: number[] = [];
  if (changed.size === 0) return heirs;
  for (const { namespace_id: id, policy_ids: policyIds } of delta.now.namespace.values()) {
    yield;
    if (policyIds.some((policyId) => changed.has(policyId))) heirs.push(id);
  }
  return heirs;
}
