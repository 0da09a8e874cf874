/**
 * The matchers of a table in an index that finds them: all but those of disabled namespaces. Ones
 * whose namespace cannot run stay, so that its requests are refused and do not become the default
 * namespace's.
 */
import { attempt } from './compile-memo.js';
import type { Steps } from './compile-step.js';
import type { ConfigDelta } from './config-delta.js';
import { NOTHING_FILED, fileMatchers, type FiledMatchers } from './matcher-filing.js';
import { compileMatcher, type CompiledMatcher } from './matcher.compiler.js';
import { toReconsider, updateOwned, type OwnedBy } from './owned-resources.js';
import { emptyMap } from './persistent-map.js';
import { ProblemLedger, nonexistent, type ProblemMap } from './problem-ledger.js';

export interface MatcherPart {
  readonly matchers: OwnedBy<CompiledMatcher>;
  readonly filed: FiledMatchers;
  readonly problems: ProblemMap;
}

export interface MatcherUpdate {
  readonly part: MatcherPart;
  /** Matchers that were taken out of the index, and those that came in. */
  readonly removed: readonly CompiledMatcher[];
  readonly added: readonly CompiledMatcher[];
}

export const NO_MATCHERS: MatcherPart = {
  matchers: emptyMap(),
  filed: NOTHING_FILED,
  problems: emptyMap(),
};

export function* updateMatchers(base: MatcherPart, delta: ConfigDelta): Steps<MatcherUpdate> {
  const problems = new ProblemLedger('matcher', base.problems);
  const matchers = yield* updateOwned(base.matchers, delta, {
    kind: 'matcher',
    compile: (config) => attempt(() => compileMatcher(config)),
  });
  const removed: CompiledMatcher[] = [];
  const added: CompiledMatcher[] = [];
  for (const [id, owner] of yield* toReconsider(matchers, delta)) {
    yield;
    const namespace = delta.now.namespace.get(owner);
    const matcher = matchers.owned.get(owner)?.get(id);
    const isOrphan = matcher !== undefined && namespace === undefined;
    problems.note(id, isOrphan ? nonexistent('namespace', owner) : matcher);
    const before = base.filed.places.get(id)?.matcher;
    const now = matcher?.ok === true && namespace?.status !== 0 ? matcher.value : undefined;
    if (before === now) continue;
    if (before !== undefined) removed.push(before);
    if (now !== undefined) added.push(now);
  }
  const isSame = removed.length === 0 && added.length === 0;
  const filed = isSame ? base.filed : yield* fileMatchers(base.filed, idsOf(removed), added);
  return { part: { matchers: matchers.owned, filed, problems: problems.done() }, removed, added };
}

const idsOf = (matchers: readonly CompiledMatcher[]): number[] => matchers.map(({ id }) => id);
