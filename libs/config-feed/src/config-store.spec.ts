import fc from 'fast-check';
import type { ConfigChange, NamespaceConfig } from '@ai-gateway/contracts';
import { describe, expect, it } from 'vitest';
import { NOW, NOW_MS, at, feed, namesOf, newStore, put, remove } from './config-store.samples.js';
import { ConfigStore } from './config-store.js';

describe('ConfigStore', () => {
  it('refuses a value that fails its schema and keeps the last good one', async () => {
    const { store, installed } = newStore();
    await store.apply(feed('full', 1, [put(1, 1), put(2, 1)]), null);
    const broken = { kind: 'namespace', id: 1, revision: 2, value: { namespace_id: 'one' } };
    const outcome = await store.apply(feed('delta', 2, [broken, put(2, 2, 'new')]), at(1));
    expect(outcome).toMatchObject({ status: 'applied', head: at(2) });
    expect(installed.at(-1)).toEqual({ names: { 1: 'n1', 2: 'new' }, revision: 2 });
    expect(store.nacks).toEqual([
      expect.objectContaining({ kind: 'namespace', id: 1, revision: 2 }) as unknown,
    ]);
    expect(store.nacks[0]?.reason).toContain('namespace_id');
  });

  it('takes back a value the compile blames and reports it', async () => {
    const { store, installed } = newStore();
    await store.apply(feed('full', 1, [put(1, 1)]), null);
    await store.apply(feed('delta', 2, [put(1, 2, 'bad one'), put(3, 2, 'bad new')]), at(1));
    expect(installed.at(-1)?.names).toEqual({ 1: 'n1' });
    expect(store.nacks.map(({ id, reason }) => [id, reason])).toEqual([
      [1, 'is bad'],
      [3, 'is bad'],
    ]);
    expect(store.applied).toEqual(at(2));
  });

  it('tries a value the compile refused again when something else changes', async () => {
    let upstreamExists = false;
    const { store } = newStore({
      compile: (resources) => ({
        table: namesOf(resources),
        problems:
          upstreamExists || namesOf(resources)[1] === 'old'
            ? []
            : [{ kind: 'namespace', id: 1, reason: 'needs an upstream' }],
      }),
    });
    await store.apply(feed('full', 1, [put(1, 1, 'old')]), null);
    await store.apply(feed('delta', 2, [put(1, 2, 'new')]), at(1));
    expect([store.nacks.length, namesOf(store.resources)]).toEqual([1, { 1: 'old' }]);
    upstreamExists = true;
    await store.apply(feed('delta', 3, []), at(2));
    expect([store.nacks.length, namesOf(store.resources)]).toEqual([0, { 1: 'new' }]);
  });

  it('leaves a value that never ran to the compile, refused since the revision it came with', async () => {
    const { store, installed } = newStore();
    await store.apply(feed('full', 1, [put(1, 1)]), null);
    await store.apply(feed('delta', 2, [put(2, 2, 'bad new')]), at(1));
    await store.apply(feed('delta', 3, [put(1, 3, 'other')]), at(2));
    expect(installed.at(-1)?.names).toEqual({ 1: 'other' });
    expect(namesOf(store.resources)).toEqual({ 1: 'other', 2: 'bad new' });
    expect(store.nacks.map(({ id, revision }) => [id, revision])).toEqual([[2, 2]]);
    await store.apply(feed('delta', 4, [put(2, 4, 'bad again')]), at(3));
    expect(store.nacks.map(({ id, revision }) => [id, revision])).toEqual([[2, 4]]);
  });

  it('reports what the compile leaves out although it did not change', async () => {
    const store = new ConfigStore<null>({
      compile: (_resources, { revision }) => ({
        table: null,
        problems: revision === 2 ? [{ kind: 'namespace', id: 1, reason: 'lost its upstream' }] : [],
      }),
      install: () => undefined,
      nowMs: () => NOW_MS,
    });
    await store.apply(feed('full', 1, [put(1, 1)]), null);
    await store.apply(feed('delta', 2, [put(2, 2)]), at(1));
    expect(store.nacks).toEqual([
      { kind: 'namespace', id: 1, revision: 2, reason: 'lost its upstream', since: NOW },
    ]);
    await store.apply(feed('delta', 3, [put(2, 3)]), at(2));
    expect(store.nacks).toEqual([]);
  });

  it('refuses only the unknown kind of a newer control plane', async () => {
    const { store, installed } = newStore();
    const unknown = { kind: 'hologram', id: 7, revision: 1, value: {} };
    await store.apply(feed('full', 1, [unknown, put(1, 1)]), null);
    expect(installed.at(-1)?.names).toEqual({ 1: 'n1' });
    expect(store.nacks).toMatchObject([{ kind: 'hologram', id: 7 }]);
  });

  it('keeps the whole old configuration when the compile breaks', async () => {
    const { store, installed } = newStore();
    await store.apply(feed('full', 1, [put(1, 1)]), null);
    const outcome = await store.apply(feed('delta', 2, [put(1, 2, 'boom')]), at(1));
    expect(outcome).toEqual({ status: 'rejected', reason: 'cannot compile' });
    expect([store.applied, installed.length, namesOf(store.resources)]).toEqual([
      at(1),
      1,
      { 1: 'n1' },
    ]);
  });

  it('keeps the old configuration when there are too many resources', async () => {
    const { store } = newStore({ caps: { namespace: 2 } });
    await store.apply(feed('full', 1, [put(1, 1), put(2, 1)]), null);
    const outcome = await store.apply(feed('delta', 2, [put(3, 2)]), at(1));
    expect(outcome).toMatchObject({ status: 'rejected' });
    expect(store.applied).toEqual(at(1));
  });

  it.each([
    ['an older full feed', feed('full', 4, [put(9, 4)]), null],
    ['the same revision again', feed('full', 5, [put(9, 5)]), null],
    ['an older delta', feed('delta', 5, [put(9, 5)]), at(3)],
  ])('ignores %s', async (_what, stale, since) => {
    const { store, installed } = newStore();
    await store.apply(feed('full', 5, [put(1, 5)]), null);
    expect(await store.apply(stale, since)).toEqual({ status: 'ignored' });
    expect(installed.length).toBe(1);
  });

  it.each([
    ['starts later than what is applied', feed('delta', 9, [put(9, 9)]), at(8)],
    ['is of another epoch', feed('delta', 9, [], 'epoch-two'), at(8, 'epoch-two')],
    ['continues nothing', feed('delta', 9, []), null],
  ])('asks for everything when a delta %s', async (_what, delta, since) => {
    const { store } = newStore();
    await store.apply(feed('full', 5, [put(1, 5)]), null);
    expect(await store.apply(delta, since)).toEqual({ status: 'gap' });
  });

  it('removes what a full feed does not hold, also on a lower revision of a new epoch', async () => {
    const { store, installed } = newStore();
    await store.apply(feed('full', 50, [put(1, 1), put(2, 50)]), null);
    await store.apply(feed('full', 3, [put(2, 3, 'restored')], 'epoch-two'), null);
    expect(installed.at(-1)).toEqual({ names: { 2: 'restored' }, revision: 3 });
  });

  it('takes an earlier start of a delta than what is applied meanwhile', async () => {
    const { store, installed } = newStore();
    await store.apply(feed('full', 1, [put(1, 1)]), null);
    const long = feed('delta', 3, [put(1, 2, 'second'), remove(1, 3)]);
    await store.apply(feed('delta', 2, [put(1, 2, 'second')]), at(1));
    await store.apply(long, at(1));
    expect(installed.at(-1)).toEqual({ names: {}, revision: 3 });
  });

  it('hands the event loop back while it takes a large feed', async () => {
    const { store } = newStore();
    const many = Array.from({ length: 20_000 }, (_, index) => put(index + 1, 1));
    let turns = 0;
    const counting = setInterval(() => (turns += 1), 1);
    await store.apply(feed('full', 1, many), null);
    clearInterval(counting);
    expect(store.resources.namespace.size).toBe(20_000);
    expect(turns).toBeGreaterThan(1);
  });

  it('equals the reference after any sequence of repeated, reordered and lost feeds', async () => {
    const change = fc.record({ id: fc.integer({ min: 1, max: 4 }), name: fc.option(fc.nat(9)) });
    const delivery = fc.record({ from: fc.nat(), to: fc.nat(), full: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1 }),
        fc.array(delivery),
        async (log, sent) => {
          const changes = log.map(({ id, name }, index) =>
            name === null ? remove(id, index + 1) : put(id, index + 1, `name ${name}`),
          );
          const stateAt = (revision: number) => {
            const live = new Map<number, ConfigChange>();
            for (const one of changes.slice(0, revision)) {
              live.delete(one.id);
              if (one.value !== null) live.set(one.id, one);
            }
            return [...live.values()];
          };
          const { store, installed } = newStore();
          const last = changes.length;
          for (const { from, to, full } of [...sent, { from: 0, to: last, full: true }]) {
            const revision = full && to === last ? last : to % (last + 1);
            const base = from % (last + 1);
            if (full) await store.apply(feed('full', revision, stateAt(revision)), null);
            else
              await store.apply(feed('delta', revision, changes.slice(base, revision)), at(base));
            const applied = store.applied?.revision;
            if (applied === undefined) continue;
            expect(namesOf(store.resources)).toEqual(
              Object.fromEntries(
                stateAt(applied).map(({ id, value }) => [
                  id,
                  (value as NamespaceConfig).namespace_name,
                ]),
              ),
            );
          }
          expect(store.applied?.revision).toBe(last);
          const revisions = installed.map(({ revision }) => revision);
          expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
        },
      ),
      { numRuns: 200 },
    );
  });
});
