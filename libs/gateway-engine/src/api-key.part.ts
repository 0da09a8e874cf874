/** The API keys of a table, by digest. A key of a namespace that does not exist is left out. */
import { compileApiKey, type CompiledApiKey } from './api-key.compiler.js';
import { attempt } from './compile-memo.js';
import type { Steps } from './compile-step.js';
import type { ConfigDelta } from './config-delta.js';
import { NO_OWNER, toReconsider, updateOwned, type OwnedBy } from './owned-resources.js';
import { MapEdit, emptyMap, type PersistentMap } from './persistent-map.js';
import { ProblemLedger, nonexistent, type ProblemMap } from './problem-ledger.js';

export interface ApiKeyPart {
  readonly keys: OwnedBy<CompiledApiKey>;
  readonly usable: PersistentMap<number, CompiledApiKey>;
  readonly byDigest: PersistentMap<string, CompiledApiKey>;
  readonly problems: ProblemMap;
}

export const NO_API_KEYS: ApiKeyPart = {
  keys: emptyMap(),
  usable: emptyMap(),
  byDigest: emptyMap(),
  problems: emptyMap(),
};

export function* updateApiKeys(base: ApiKeyPart, delta: ConfigDelta): Steps<ApiKeyPart> {
  const problems = new ProblemLedger('api_key', base.problems);
  const keys = yield* updateOwned(base.keys, delta, {
    kind: 'api_key',
    compile: (config) => attempt(() => compileApiKey(config)),
  });
  const usable = new MapEdit(base.usable);
  const removed: CompiledApiKey[] = [];
  const added: CompiledApiKey[] = [];
  for (const [id, owner] of yield* toReconsider(keys, delta)) {
    yield;
    const exists = owner === NO_OWNER || delta.now.namespace.has(owner);
    const key = keys.owned.get(owner)?.get(id);
    problems.note(id, key === undefined || exists ? key : nonexistent('namespace', owner));
    const before = usable.get(id);
    if (before !== undefined) removed.push(before);
    usable.delete(id);
    if (key?.ok !== true || !exists) continue;
    added.push(key.value);
    usable.set(id, key.value);
  }
  const all = usable.done();
  const byDigest = yield* indexDigests(base, { usable: all, removed, added });
  return { keys: keys.owned, usable: all, byDigest, problems: problems.done() };
}

interface KeyUpdate {
  readonly usable: ApiKeyPart['usable'];
  readonly removed: readonly CompiledApiKey[];
  readonly added: readonly CompiledApiKey[];
}

/**
 * Of several keys with one digest the last in order of id counts. The control plane never makes
 * them, so only where there are some are all keys walked.
 */
function* indexDigests(
  base: ApiKeyPart,
  { usable, removed, added }: KeyUpdate,
): Steps<ApiKeyPart['byDigest']> {
  const byDigest = new MapEdit(base.byDigest);
  for (const key of removed) {
    yield;
    if (byDigest.get(key.digest) === key) byDigest.delete(key.digest);
  }
  const hadRivals = base.usable.size !== base.byDigest.size;
  for (const key of hadRivals ? usable.values() : added) {
    yield;
    if (key.id >= (byDigest.get(key.digest)?.id ?? 0)) byDigest.set(key.digest, key);
  }
  return byDigest.done();
}
