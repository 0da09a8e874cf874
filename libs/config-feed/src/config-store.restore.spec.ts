import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConfigSnapshot } from './config-snapshot.js';
import {
  NOW,
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

/** As it comes back from a disk. */
const written = (snapshot: ConfigSnapshot | null): ConfigSnapshot =>
  JSON.parse(JSON.stringify(snapshot)) as ConfigSnapshot;

const later = { nowMs: () => NOW_MS + 60_000 };

describe('a restart', () => {
  it('has nothing to go by before anything was applied', () => {
    expect(newStore().store.capture()).toBeNull();
  });

  it('goes on serving the last good value of a refused resource, refused since then', async () => {
    const { store } = newStore();
    await store.apply(feed('full', 1, [put(1, 1, 'good'), put(2, 1, 'fine')]), null);
    const unknown = { kind: 'hologram', id: 9, revision: 2, value: { a: 1 } };
    await store.apply(
      feed('delta', 2, [broken(1, 2), put(2, 2, 'bad'), put(3, 2, 'bad too'), unknown]),
      at(1),
    );
    const { store: again, installed } = newStore(later);
    expect(await again.restore(written(store.capture()))).toMatchObject({ status: 'applied' });
    expect(installed).toEqual([{ names: { 1: 'good', 2: 'fine' }, revision: 2 }]);
    expect(again.nacks).toEqual(store.nacks);
    expect(again.nacks.map(({ kind, id, since }) => [kind, id, since])).toEqual([
      ['hologram', 9, NOW],
      ['namespace', 1, NOW],
      ['namespace', 2, NOW],
      ['namespace', 3, NOW],
    ]);
    expect([again.applied, again.digest]).toEqual([store.applied, store.digest]);
  });

  it('removes a refused resource that was deleted meanwhile', async () => {
    const { store } = newStore();
    await store.apply(feed('full', 1, [put(1, 1, 'good')]), null);
    await store.apply(feed('delta', 2, [broken(1, 2)]), at(1));
    const { store: again } = newStore(later);
    await again.restore(written(store.capture()));
    await again.apply(feed('delta', 3, [remove(1, 3)]), at(2));
    expect([namesOf(again.resources), again.nacks]).toEqual([{}, []]);
  });

  it('runs a refused value that this version can compile', async () => {
    const { store } = newStore();
    await store.apply(feed('full', 1, [put(1, 1, 'good')]), null);
    await store.apply(feed('delta', 2, [put(1, 2, 'bad')]), at(1));
    const { store: newer } = newStore({
      compile: (resources) => ({ table: namesOf(resources), problems: [] }),
    });
    await newer.restore(written(store.capture()));
    expect([namesOf(newer.resources), newer.nacks]).toEqual([{ 1: 'bad' }, []]);
  });

  it('keeps to what is held, and leaves it when the instance is in the group now', async () => {
    const { store } = newStore();
    const held = hold(1, 1, { resource_id: 1, value: namespace(1, 'old') });
    await store.apply(feed('full', 1, [put(1, 1, 'new'), held]), null);
    for (const [groups, name] of [
      [[], 'old'],
      [['canary'], 'new'],
    ] as const) {
      const { store: again } = newStore({ groups });
      await again.restore(written(store.capture()));
      expect(namesOf(again.resources)).toEqual({ 1: name });
    }
  });

  it('can go back to an earlier revision', async () => {
    const { store, installed } = newStore();
    await store.apply(feed('full', 1, [put(1, 1)]), null);
    const pinned = written(store.capture());
    await store.apply(feed('delta', 2, [put(2, 2)]), at(1));
    expect(await store.restore(pinned)).toMatchObject({ status: 'applied', head: at(1) });
    expect(installed.at(-1)).toEqual({ names: { 1: 'n1' }, revision: 1 });
  });

  it('falls back on what runs where the snapshot knows nothing better', async () => {
    const { store } = newStore();
    await store.apply(feed('full', 2, [put(1, 1), put(2, 1, 'later'), put(3, 2)]), null);
    const entries = [put(1, 1), put(2, 1, 'bad')] as unknown as ConfigSnapshot['entries'];
    await store.restore({ ...at(1), entries });
    expect(namesOf(store.resources)).toEqual({ 1: 'n1', 2: 'later' });
    expect(store.nacks.map(({ id }) => id)).toEqual([2]);
  });

  it('repairs what is applied from a full feed of the same revision', async () => {
    let nowMs = NOW_MS;
    const { store } = newStore({ nowMs: () => nowMs });
    await store.apply(feed('full', 1, [put(1, 1), put(2, 1, 'good')]), null);
    await store.apply(feed('delta', 2, [broken(2, 2)]), at(1));
    nowMs += 1_000;
    const { changes } = feed('full', 2, [put(1, 2, 'right'), broken(2, 2)]);
    await store.restore({ ...at(2), entries: changes });
    expect(namesOf(store.resources)).toEqual({ 1: 'right', 2: 'good' });
    expect(store.nacks.map(({ id, since }) => [id, since])).toEqual([[2, NOW]]);
  });

  it('keeps what is applied when the snapshot cannot be compiled', async () => {
    const { store } = newStore();
    await store.apply(feed('full', 1, [put(1, 1)]), null);
    const entries = [put(1, 7, 'boom')] as unknown as ConfigSnapshot['entries'];
    const outcome = await store.restore({ ...at(7), entries });
    expect(outcome).toEqual({ status: 'rejected', reason: 'cannot compile' });
    expect(store.applied).toEqual(at(1));
  });

  it('changes nothing, at any point of any history', async () => {
    const change = fc.record({
      id: fc.integer({ min: 1, max: 3 }),
      what: fc.constantFrom('good', 'other', 'bad', 'broken', 'deleted', 'held', 'let go'),
    });
    const changeAt = ({ id, what }: { id: number; what: string }, revision: number) => {
      if (what === 'broken') return broken(id, revision);
      if (what === 'deleted') return remove(id, revision);
      if (what === 'let go') return remove(id, revision, 'held_value');
      if (what === 'held') {
        return hold(id, revision, { resource_id: id, value: namespace(id, 'held') });
      }
      return put(id, revision, what);
    };
    const steps = fc.array(fc.array(change, { maxLength: 3 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(steps, fc.array(fc.boolean()), async (history, restarts) => {
        const { store } = newStore();
        let { store: restarted } = newStore();
        await store.apply(feed('full', 1, []), null);
        await restarted.apply(feed('full', 1, []), null);
        for (const [index, changes] of history.entries()) {
          const revision = index + 2;
          const delta = feed(
            'delta',
            revision,
            changes.map((one) => changeAt(one, revision)),
          );
          await store.apply(delta, at(revision - 1));
          await restarted.apply(delta, at(revision - 1));
          if (restarts[index] === true) {
            const snapshot = written(restarted.capture());
            restarted = newStore(later).store;
            await restarted.restore(snapshot);
          }
          expect(namesOf(restarted.resources)).toEqual(namesOf(store.resources));
          expect(restarted.digest).toBe(store.digest);
          expect(restarted.nacks.map(({ kind, id }) => [kind, id])).toEqual(
            store.nacks.map(({ kind, id }) => [kind, id]),
          );
        }
      }),
      {
        numRuns: 300,
        // What was broken while it was held has nothing better to run than what was held.
        examples: [
          [
            [
              [{ id: 1, what: 'held' }],
              [{ id: 1, what: 'bad' }],
              [{ id: 1, what: 'broken' }],
              [{ id: 1, what: 'let go' }],
              [],
            ],
            [false, false, false, true],
          ],
        ],
      },
    );
  });
});
