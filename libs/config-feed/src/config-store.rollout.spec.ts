import { describe, expect, it } from 'vitest';
import {
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

const old = { resource_id: 1, value: namespace(1, 'old') };

/** A store outside of the rollout, with namespace 1 in its new form and what it is held at. */
async function outsider(...also: ReturnType<typeof put>[]) {
  const { store, installed } = newStore({ groups: ['instance:a', 'eu'] });
  await store.apply(feed('full', 1, [put(1, 1, 'old')]), null);
  const outcome = await store.apply(
    feed('delta', 2, [put(1, 2, 'new'), hold(1, 2, old), ...also]),
    at(1),
  );
  return { store, installed, outcome };
}

const running = ({ store }: Awaited<ReturnType<typeof outsider>>) => namesOf(store.resources);

describe('a held value', () => {
  it('that fails its schema, or is of a kind that cannot be held, is refused alone', async () => {
    const one = await outsider(
      hold(2, 2, { resource_id: 3, value: { namespace_id: 3 } }),
      hold(3, 2, { resource_id: 4, kind: 'held_value', value: null }),
      hold(4, 2, { resource_id: 4, kind: 'hologram', value: {} }),
    );
    expect(one.store.nacks.map(({ kind, id, reason }) => [kind, id, reason])).toEqual([
      ['held_value', 2, expect.stringContaining('value.namespace_code')],
      ['held_value', 3, 'kind: a value of kind held_value cannot be held'],
      ['held_value', 4, 'kind: a value of kind hologram cannot be held'],
    ]);
    expect(running(one)).toEqual({ 1: 'old' });
  });

  it('runs in place of the new one, whichever comes first, until it is deleted', async () => {
    const one = await outsider();
    expect(running(one)).toEqual({ 1: 'old' });
    await one.store.apply(feed('delta', 3, [remove(1, 3, 'held_value')]), at(2));
    expect(running(one)).toEqual({ 1: 'new' });
    await one.store.apply(feed('delta', 4, [hold(2, 4, old), put(1, 4, 'newer')]), at(3));
    expect(running(one)).toEqual({ 1: 'old' });
    expect(one.store.nacks).toEqual([]);
  });

  it('does not concern an instance in any of the groups', async () => {
    for (const groups of [['canary'], ['eu', 'canary'], ['instance:a']]) {
      const { store } = newStore({ groups });
      const held = hold(1, 1, { ...old, groups: ['canary', 'instance:a'] });
      await store.apply(feed('full', 1, [put(1, 1, 'new'), held]), null);
      expect(namesOf(store.resources)).toEqual({ 1: 'new' });
    }
  });

  it('null hides the resource, and one of a deleted resource keeps it', async () => {
    const created = hold(2, 2, { resource_id: 2, value: null });
    const one = await outsider(put(2, 2, 'created'), created, remove(1, 2));
    expect(running(one)).toEqual({ 1: 'old' });
    const gone = [remove(1, 3, 'held_value'), remove(2, 3, 'held_value')];
    await one.store.apply(feed('delta', 3, gone), at(2));
    expect(running(one)).toEqual({ 2: 'created' });
  });

  it('of several for one resource the first id counts, and the next when it goes', async () => {
    const second = hold(2, 2, { resource_id: 1, value: namespace(1, 'second') });
    const one = await outsider(second);
    expect(running(one)).toEqual({ 1: 'old' });
    await one.store.apply(feed('delta', 3, [remove(1, 3, 'held_value')]), at(2));
    expect(running(one)).toEqual({ 1: 'second' });
  });

  it('that is pointed elsewhere lets its first resource go', async () => {
    const one = await outsider(put(2, 2, 'two'));
    const moved = hold(1, 3, { resource_id: 2, value: namespace(2, 'two before') });
    await one.store.apply(feed('delta', 3, [moved]), at(2));
    expect(running(one)).toEqual({ 1: 'new', 2: 'two before' });
  });

  it('that does not compile leaves what ran before and is a refusal of its resource', async () => {
    const one = await outsider();
    const bad = hold(1, 3, { resource_id: 1, value: namespace(1, 'bad') });
    await one.store.apply(feed('delta', 3, [bad]), at(2));
    expect(running(one)).toEqual({ 1: 'old' });
    expect(one.store.nacks).toMatchObject([{ kind: 'namespace', id: 1, reason: 'is bad' }]);
  });

  it('gives way to the last good value when the new one fails its schema', async () => {
    const { store } = newStore();
    await store.apply(feed('full', 1, [put(1, 1, 'good')]), null);
    const changes = [broken(1, 2), hold(1, 2, { resource_id: 1, value: null })];
    await store.apply(feed('delta', 2, changes), at(1));
    expect([namesOf(store.resources), store.nacks.length]).toEqual([{}, 1]);
    const brokenAgain = { ...broken(1, 3), value: { namespace_id: 'still not one' } };
    await store.apply(feed('delta', 3, [brokenAgain]), at(2));
    await store.apply(feed('delta', 4, [remove(1, 4, 'held_value')]), at(3));
    expect([namesOf(store.resources), store.nacks.length]).toEqual([{ 1: 'good' }, 1]);
  });

  it('is gone when a full feed does not hold it', async () => {
    const one = await outsider();
    await one.store.apply(feed('full', 3, [put(1, 2, 'new')]), null);
    expect(running(one)).toEqual({ 1: 'new' });
  });
});
