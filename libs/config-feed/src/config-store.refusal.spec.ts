import { MAX_VALUE_BYTES } from '@ai-gateway/contracts';
import { describe, expect, it } from 'vitest';
import { ConfigDigest } from './config-digest.js';
import {
  NOW_MS,
  at,
  broken,
  feed,
  hold,
  namesOf,
  namespace,
  newStore,
  put,
  remove,
} from './config-store.samples.js';
import type { ChangedResource } from './config-draft.js';
import type { CompileBase } from './config-store.js';

const iso = (ms: number): string => new Date(ms).toISOString();

describe('a refused resource', () => {
  it('says since when, the same while it stays refused for whatever reason', async () => {
    let nowMs = NOW_MS;
    const { store } = newStore({ nowMs: () => nowMs });
    await store.apply(feed('full', 1, [put(1, 1)]), null);
    await store.apply(feed('delta', 2, [broken(1, 2)]), at(1));
    nowMs += 1_000;
    await store.apply(feed('delta', 3, [put(1, 3, 'bad one')]), at(2));
    expect(store.nacks).toEqual([
      { kind: 'namespace', id: 1, revision: 3, reason: 'is bad', since: iso(NOW_MS) },
    ]);
    await store.apply(feed('delta', 4, [put(1, 4)]), at(3));
    expect(store.nacks).toEqual([]);
    await store.apply(feed('delta', 5, [broken(1, 5)]), at(4));
    expect(store.nacks[0]?.since).toBe(iso(nowMs));
  });

  it('serves its last good value however often it is refused, until it is deleted', async () => {
    const { store } = newStore();
    await store.apply(feed('full', 1, [put(1, 1, 'good')]), null);
    await store.apply(feed('delta', 2, [put(1, 2, 'bad')]), at(1));
    await store.apply(feed('delta', 3, [broken(1, 3)]), at(2));
    await store.apply(feed('delta', 4, [put(1, 4, 'bad again')]), at(3));
    expect(namesOf(store.resources)).toEqual({ 1: 'good' });
    await store.apply(feed('delta', 5, [remove(1, 5)]), at(4));
    expect([namesOf(store.resources), store.nacks]).toEqual([{}, []]);
  });

  it('is one whose value is too long', async () => {
    const { store } = newStore();
    const long = { ...namespace(1), description: 'x'.repeat(MAX_VALUE_BYTES) };
    await store.apply(
      feed('full', 1, [{ kind: 'namespace', id: 1, revision: 1, value: long }]),
      null,
    );
    expect(store.nacks[0]?.reason).toBe(`more than ${MAX_VALUE_BYTES} bytes of JSON`);
  });

  it('does not come back refused by a full feed that repeats it', async () => {
    const { store } = newStore();
    await store.apply(feed('full', 1, [put(1, 1)]), null);
    await store.apply(feed('delta', 2, [broken(1, 2)]), at(1));
    await store.apply(feed('full', 3, [broken(1, 2), put(2, 3)], 'epoch-two'), null);
    expect(namesOf(store.resources)).toEqual({ 1: 'n1', 2: 'n2' });
    expect(store.nacks.map(({ id }) => id)).toEqual([1]);
  });
});

describe('the caps', () => {
  it('are per kind and count what was refused, and hold after deletions', async () => {
    const { store } = newStore({ caps: { namespace: 2, hologram: 1 } });
    await store.apply(feed('full', 1, [put(1, 1), broken(2, 1)]), null);
    expect(await store.apply(feed('delta', 2, [put(3, 2)]), at(1))).toEqual({
      status: 'rejected',
      reason: '3 resources of kind namespace, more than the 2 allowed',
    });
    expect(store.applied).toEqual(at(1));
    const outcome = await store.apply(feed('delta', 3, [put(3, 2), remove(2, 3)]), at(1));
    expect(outcome.status).toBe('applied');
  });

  it('hold for kinds this version does not know', async () => {
    const { store } = newStore({ caps: { hologram: 1 } });
    const unknown = (id: number) => ({ kind: 'hologram', id, revision: 1, value: {} });
    const outcome = await store.apply(feed('full', 1, [unknown(1), unknown(2)]), null);
    expect(outcome.status).toBe('rejected');
  });
});

describe('what the compile is given', () => {
  it('is the running table and all that may differ from it', async () => {
    const bases: (CompileBase<number> | null)[] = [];
    const { store } = newNumberedStore((base) => bases.push(base));
    await store.apply(feed('full', 1, [put(1, 1), put(2, 1)]), null);
    await store.apply(feed('delta', 2, [put(1, 2, 'other')]), at(1));
    await store.apply(feed('full', 3, [put(1, 2, 'other'), put(3, 3)]), null);
    expect(bases).toEqual([
      null,
      { table: 1, changed: [changed(1)] },
      { table: 2, changed: [changed(3), changed(2)] },
    ]);
  });

  it('is what was compiled before and what was taken back, from the second round on', async () => {
    const bases: (CompileBase<number> | null)[] = [];
    const { store } = newNumberedStore((base) => bases.push(base));
    await store.apply(feed('full', 1, [put(1, 1)]), null);
    await store.apply(feed('delta', 2, [put(1, 2, 'bad'), put(2, 2)]), at(1));
    const takenBack = { ...changed(1), reason: 'is bad' };
    expect(bases.slice(1)).toEqual([
      { table: 1, changed: [changed(1), changed(2)] },
      { table: 2, changed: [takenBack] },
    ]);
  });

  it('is not based on a table that was never installed', async () => {
    const bases: (CompileBase<number> | null)[] = [];
    const { store } = newNumberedStore((base) => bases.push(base));
    await store.apply(feed('full', 1, [put(1, 1)]), null);
    await store.apply(feed('delta', 2, [put(1, 2, 'boom')]), at(1));
    await store.apply(feed('delta', 3, [put(1, 3), put(2, 3)]), at(1));
    expect(bases.at(-1)).toEqual({ table: 1, changed: [changed(2)] });
  });

  const changed = (id: number): ChangedResource => ({ kind: 'namespace', id });

  /** Tables are numbers, in order of compiling. */
  function newNumberedStore(onCompile: (base: CompileBase<number> | null) => void) {
    let tables = 0;
    const { store } = newStore({
      compile: (resources, _head, base) => {
        onCompile(base as CompileBase<number> | null);
        if (Object.values(namesOf(resources)).includes('boom')) throw new Error('boom');
        tables += 1;
        const bad = Object.entries(namesOf(resources)).filter(([, name]) => name === 'bad');
        const problems = bad.map(([id]) => ({ ...changed(Number(id)), reason: 'is bad' }));
        return { table: tables as never, problems };
      },
    });
    return { store };
  }
});

describe('the digest', () => {
  it('says what was received, refused or not, and not how it came', async () => {
    const { store } = newStore();
    await store.apply(feed('full', 1, [put(1, 1), put(2, 1)]), null);
    const first = store.digest;
    const unknown = { kind: 'hologram', id: 7, revision: 2, value: { a: 1 } };
    await store.apply(feed('delta', 2, [broken(1, 2), remove(2, 2), unknown]), at(1));
    const digest = new ConfigDigest();
    digest.set('namespace', 1, broken(1, 2).value);
    digest.set('hologram', 7, { a: 1 });
    expect(store.digest).toBe(digest.hex);
    const { store: other } = newStore();
    await other.apply(feed('full', 2, [unknown, broken(1, 2)]), null);
    expect(other.digest).toBe(digest.hex);
    await store.apply(feed('delta', 3, [put(1, 3), put(2, 3), remove(7, 3, 'hologram')]), at(2));
    expect(store.digest).toBe(first);
  });

  it('stays that of what is applied when a feed is rejected', async () => {
    const { store } = newStore();
    await store.apply(feed('full', 1, [put(1, 1)]), null);
    const { digest } = store;
    await store.apply(feed('delta', 2, [put(1, 2, 'boom')]), at(1));
    expect(store.digest).toBe(digest);
  });

  it('is the same for instances inside and outside of a rollout', async () => {
    const changes = [put(1, 1, 'new'), hold(1, 1, { resource_id: 1, value: namespace(1, 'old') })];
    const [inside, outside] = [newStore({ groups: ['canary'] }), newStore()];
    await inside.store.apply(feed('full', 1, changes), null);
    await outside.store.apply(feed('full', 1, changes), null);
    expect(namesOf(inside.store.resources)).toEqual({ 1: 'new' });
    expect(namesOf(outside.store.resources)).toEqual({ 1: 'old' });
    expect(inside.store.digest).toBe(outside.store.digest);
  });
});
