/** The instances API on any database. */
import { ConfigDigest } from '@ai-gateway/config-feed';
import type {
  ConfigHead,
  Heartbeat,
  HeartbeatAnswer,
  Instance,
  InstanceList,
} from '@ai-gateway/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp, testSettings } from '../../admin-api-client.contract.js';
import type { Settings } from '../../settings.js';
import { EpochRenewal } from '../../platform/revisions/epoch-renewal.js';
import { ChangeLog } from '../../platform/revisions/change-log.js';
import { heartbeatOf } from './heartbeat.samples.js';

export async function beat(
  app: TestApp,
  id: string,
  overrides: Partial<Heartbeat> = {},
): Promise<HeartbeatAnswer> {
  const body = heartbeatOf(id, overrides);
  const answer = await app.call<HeartbeatAnswer>('POST', '/api/v1/instances/heartbeat', { body });
  if (answer.status !== 200) throw new Error(JSON.stringify(answer));
  return answer.body;
}

export const headOf = async (app: TestApp): Promise<ConfigHead> => {
  const { epoch, revision } = await app.app.get(ChangeLog).head();
  return { epoch, revision };
};

export const matrixOf = async (app: TestApp, query = ''): Promise<InstanceList> =>
  (await app.call<InstanceList>('GET', `/api/v1/instances${query}`)).body;

let created = 0;
export function writeAt(app: TestApp, query = '') {
  created += 1;
  const body = { namespace_code: `written-${created}`, namespace_name: 'n' };
  return app.call('POST', `/api/v1/namespaces${query}`, { body });
}

async function digestOf(app: TestApp): Promise<string> {
  const digest = new ConfigDigest();
  const { changes } = await app.app.get(ChangeLog).feedSince(null);
  for (const { kind, id, value } of changes) digest.set(kind, id, value ?? null);
  return digest.hex;
}

const appliedOf = ({ headers }: { headers: Headers }) => [
  headers.get('x-config-applied'),
  headers.get('x-config-not-applied'),
  headers.get('x-config-refused'),
];

export function describeInstances(name: string, overrides: () => Promise<Partial<Settings>>): void {
  describe(`instances on ${name}`, () => {
    let app: TestApp;
    beforeAll(async () => {
      app = await TestApp.start(testSettings(await overrides()));
    });
    afterAll(() => app.stop());

    it('answers a write at once while there is none', async () => {
      expect((await matrixOf(app)).items).toEqual([]);
      const written = await writeAt(app, '?wait=applied&timeout=60s');
      expect([written.status, ...appliedOf(written)]).toEqual([201, '0/0', null, null]);
    });

    it.each([
      { revision: -1 },
      { digest: 'not-hex' },
      { process_id: 'short' },
      { groups: Array.from({ length: 65 }, () => 'g') },
      { version: 'v'.repeat(51) },
    ])('refuses a heartbeat that is out of bounds: %j', async (wrong) => {
      const body = { ...heartbeatOf('gw-wrong'), ...wrong };
      const { status } = await app.call('POST', '/api/v1/instances/heartbeat', { body });
      expect([400, 422]).toContain(status);
    });

    it('takes a heartbeat with fields only a newer version knows', async () => {
      const body = { ...heartbeatOf('gw-1'), weather: 'fine' };
      const { status } = await app.call('POST', '/api/v1/instances/heartbeat', { body });
      expect(status).toBe(200);
    });

    it('shows what each instance reported beside where the configuration stands', async () => {
      const head = await headOf(app);
      await writeAt(app);
      const answer = await beat(app, 'gw-1', { ...head, groups: ['canary'] });
      expect(answer).toEqual({
        live_instances: 1,
        head: await headOf(app),
        reload: false,
        id_conflict: false,
      });
      await beat(app, 'gw-2', { epoch: null, revision: null });
      const { items, total, head: shown, from_memory } = await matrixOf(app);
      expect([total, from_memory]).toEqual([2, false]);
      expect(shown).toMatchObject(await headOf(app));
      expect(items).toMatchObject([
        { instance_id: 'gw-1', state: 'live', ...head, lag_revisions: 1, id_conflict: false },
        { instance_id: 'gw-2', state: 'live', revision: null, lag_revisions: head.revision + 1 },
      ]);
      expect(items[0]?.lag_ms).toBeGreaterThanOrEqual(0);
      expect(items[0]?.lag_ms).toBeLessThan(10_000);
      expect(items[0]?.load).toEqual(heartbeatOf('gw-1').load);
    });

    it('finds by state, group and name, in pages and in order', async () => {
      await beat(app, 'gw 3/ü', { state: 'stopping', groups: ['canary'] });
      const ids = async (query: string) =>
        (await matrixOf(app, query)).items.map(({ instance_id }) => instance_id);
      expect(await ids('?state=stopping')).toEqual(['gw 3/ü']);
      expect(await ids('?group=canary')).toEqual(['gw 3/ü', 'gw-1']);
      expect(await ids('?sort=-instance_id&size=1&page=2')).toEqual(['gw-1']);
      expect((await app.call('GET', '/api/v1/instances?state=odd')).status).toBe(400);
      const path = `/api/v1/instances/${encodeURIComponent('gw 3/ü')}`;
      expect((await app.call<Instance>('GET', path)).body).toMatchObject({ state: 'stopping' });
      expect((await app.call('GET', '/api/v1/instances/nobody')).status).toBe(404);
    });

    it('says to the newer of two processes that the name is taken, and shows both', async () => {
      const older = { process_id: 'the-older-one' };
      const newer = { process_id: 'the-newer-one' };
      await beat(app, 'twice', older);
      await new Promise((resolve) => setTimeout(resolve, 2));
      await beat(app, 'twice', newer);
      await new Promise((resolve) => setTimeout(resolve, 2));
      expect((await beat(app, 'twice', older)).id_conflict).toBe(false);
      expect((await beat(app, 'twice', newer)).id_conflict).toBe(true);
      const both = (await matrixOf(app)).items.filter(({ instance_id }) => instance_id === 'twice');
      expect(both.map(({ id_conflict }) => id_conflict)).toEqual([true, true]);
      for (const process of [older, newer])
        await beat(app, 'twice', { ...process, state: 'stopping' });
    });

    it('tells an instance to load everything anew when two heartbeats show a wrong digest', async () => {
      const head = await headOf(app);
      const right = { ...head, digest: await digestOf(app) };
      const wrong = { ...head, digest: 'f'.repeat(32) };
      const matches = async () =>
        (await app.call<Instance>('GET', '/api/v1/instances/gw-1')).body.digest_matches;
      expect((await beat(app, 'gw-1', right)).reload).toBe(false);
      expect(await matches()).toBe(true);
      expect((await beat(app, 'gw-1', wrong)).reload).toBe(false);
      expect(await matches()).toBe(false);
      expect((await beat(app, 'gw-1', wrong)).reload).toBe(true);
      expect((await beat(app, 'gw-1', { ...wrong, pinned_revision: 1 })).reload).toBe(false);
      expect((await beat(app, 'gw-1', right)).reload).toBe(false);
      const text = await (await fetch(`${app.url}/metrics`)).text();
      expect(text).toContain('config_center_digest_mismatches_total 1');
      expect(text).toContain('config_center_instances{state="stopping"} 2');
    });

    it('renews the epoch when an instance runs a revision the database does not know', async () => {
      const head = await headOf(app);
      await beat(app, 'gw-1', { ...head, revision: head.revision + 5 });
      await app.app.get(EpochRenewal).seen(head);
      await expect.poll(() => headOf(app)).not.toMatchObject({ epoch: head.epoch });
      expect((await headOf(app)).revision).toBe(head.revision);
    });
  });

  describe(`?wait=applied on ${name}`, () => {
    let app: TestApp;
    let start: ConfigHead;
    beforeAll(async () => {
      app = await TestApp.start(testSettings(await overrides()));
      start = await headOf(app);
      for (const id of ['gw-1', 'gw-2', 'gw-3']) await beat(app, id, start);
    });
    afterAll(() => app.stop());

    /** The answer to a write that these apply once it is made. */
    async function writeApplied(
      ids: readonly string[],
      query: string,
      reported: (head: ConfigHead) => Partial<Heartbeat> = () => ({}),
    ) {
      const { revision } = await headOf(app);
      const writing = writeAt(app, query);
      await expect
        .poll(async () => (await headOf(app)).revision, { interval: 5 })
        .toBe(revision + 1);
      const head = await headOf(app);
      for (const id of ids) await beat(app, id, { ...head, ...reported(head) });
      return writing;
    }

    it.each(['?wait=everyone', '?wait=applied&timeout=2m', '?timeout=2s'])(
      'writes nothing where it cannot be understood: %s',
      async (query) => {
        expect((await writeAt(app, query)).status).toBe(400);
        expect(await headOf(app)).toEqual(start);
      },
    );

    it('names who has not applied when the time is over; the write stands', async () => {
      const written = await writeApplied(['gw-1'], '?wait=applied&timeout=300ms');
      expect([written.status, ...appliedOf(written)]).toEqual([201, '1/3', 'gw-2, gw-3', null]);
      expect(written.headers.get('location')).not.toBeNull();
      expect((await headOf(app)).revision).toBe(Number(written.headers.get('x-config-revision')));
    });

    it('answers as soon as the last one has applied', async () => {
      const startMs = performance.now();
      const written = await writeApplied(['gw-1', 'gw-2', 'gw-3'], '?wait=applied&timeout=20s');
      expect(appliedOf(written)).toEqual(['3/3', null, null]);
      expect(performance.now() - startMs).toBeLessThan(3_000);
    });

    it('names who refuses a resource of this very revision', async () => {
      const nackOf = (revision: number) => ({
        nacks: [
          { kind: 'rule', id: 1, revision, reason: 'cannot', since: '2026-11-21T05:00:00.000Z' },
        ],
        nack_count: 1,
      });
      await beat(app, 'gw-3', { ...(await headOf(app)), ...nackOf(1) });
      const written = await writeApplied(['gw-1', 'gw-2'], '?wait=applied&timeout=300ms', (head) =>
        nackOf(head.revision),
      );
      expect(appliedOf(written)).toEqual(['2/3', 'gw-3', 'gw-1, gw-2']);
    });

    it('does not wait for instances that are pinned or stopping', async () => {
      await beat(app, 'gw-2', { ...start, pinned_revision: 1 });
      await beat(app, 'gw-3', { ...start, state: 'stopping' });
      const written = await writeApplied(['gw-1'], '?wait=applied');
      expect(appliedOf(written)).toEqual(['1/1', null, null]);
    });

    it('holds for the write whose answer is sent by hand', async () => {
      const upstream = await app.call('POST', '/api/v1/upstreams', {
        body: { upstream_code: 'u', upstream_name: 'U' },
      });
      const upstream_id = Number(upstream.body['upstream_id']);
      const body = { name: 'r', path: '/svc/r', upstream_id };
      const path = '/api/v1/routes?wait=applied&timeout=100ms';
      const written = await app.call('POST', path, { body });
      expect([written.status, ...appliedOf(written)]).toEqual([201, '0/1', 'gw-1', null]);
      expect(written.headers.get('x-config-revision')).not.toBeNull();
    });

    it('holds for a batch, whose writes do not wait one by one', async () => {
      const operations = ['a', 'b'].map((code) => ({
        method: 'POST',
        path: '/api/v1/namespaces',
        body: { namespace_code: `batched-${code}`, namespace_name: 'n' },
      }));
      const path = '/api/v1/batch?wait=applied&timeout=150ms';
      const written = await app.call('POST', path, { body: { operations } });
      expect([written.status, ...appliedOf(written)]).toEqual([200, '0/1', 'gw-1', null]);
    });

    it('refuses to wait for more than 200 writes at once, before it writes', async () => {
      const { revision } = await headOf(app);
      const writes = Array.from({ length: 201 }, () => writeAt(app, '?wait=applied&timeout=20s'));
      expect(await Promise.race(writes)).toMatchObject({
        status: 503,
        body: { code: 'OVERLOADED' },
      });
      await expect
        .poll(async () => (await headOf(app)).revision, { timeout: 10_000 })
        .toBe(revision + 200);
      await beat(app, 'gw-1', await headOf(app));
      const answers = await Promise.all(writes);
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(200);
    }, 20_000);
  });
}
