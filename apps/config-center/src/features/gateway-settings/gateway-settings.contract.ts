/** What the admin API promises of settings by level, the same on every database. */
import type { EffectiveSettings, Page, SettingsLevelRow } from '@ai-gateway/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp, testSettings } from '../../admin-api-client.contract.js';
import type { Settings } from '../../settings.js';

const CLUSTER = '/api/v1/settings/cluster';
const CANARY = '/api/v1/settings/groups/canary';
const INSTANCE = '/api/v1/settings/instances/gw-1';

export function describeGatewaySettings(
  store: string,
  overrides: () => Promise<Partial<Settings>>,
): void {
  describe(`gateway settings on ${store}`, () => {
    let app: TestApp;
    beforeAll(async () => {
      app = await TestApp.start(testSettings(await overrides()));
    });
    afterAll(() => app.stop());

    const put = (path: string, values: object, ifMatch?: string) =>
      app.call('PUT', path, { body: { values }, ...(ifMatch === undefined ? {} : { ifMatch }) });

    it.each<[string, object, number, string]>([
      [CLUSTER, { max_inflight: 0 }, 422, 'values.max_inflight'],
      [CLUSTER, { drain_ms: '5' }, 422, 'values.drain_ms'],
      [CLUSTER, { max_body_bytes: 10 }, 422, 'values.max_body_bytes'],
      [CLUSTER, { log_level: 'loud' }, 400, 'values.log_level'],
      [CLUSTER, { port: 1 }, 400, 'values.port'],
      ['/api/v1/settings/groups/a%20b', {}, 400, 'group'],
      ['/api/v1/settings/instances/..%2Fx', {}, 400, 'instance_id'],
    ])('of %s refuse %j', async (path, values, status, at) => {
      const answer = await put(path, values);
      const { details } = answer.body as { details?: { path: string }[] };
      expect([answer.status, details?.[0]?.path]).toEqual([status, at]);
    });

    it('do not exist before they are put', async () => {
      expect((await app.call('GET', CLUSTER)).status).toBe(404);
      expect((await app.call('DELETE', CLUSTER, { ifMatch: '*' })).status).toBe(404);
      expect((await put(CLUSTER, {}, '"1"')).status).toBe(412);
    });

    it('are put once without a version, then with one; null clears', async () => {
      const created = await put(CLUSTER, { max_inflight: 5, access_log: false, drain_ms: null });
      expect(created.status).toBe(201);
      expect(created.headers.get('location')).toBe(CLUSTER);
      expect(created.headers.get('etag')).toBe('"1"');
      expect(Number(created.headers.get('x-config-revision'))).toBeGreaterThan(0);
      expect(created.body).toMatchObject({
        level: 'cluster',
        level_name: 'cluster',
        values: { max_inflight: 5, access_log: false },
      });
      expect((await put(CLUSTER, { drain_ms: 1 })).status).toBe(428);
      expect((await put(CLUSTER, { drain_ms: 1 }, '"7"')).status).toBe(412);
      const updated = await put(CLUSTER, { drain_ms: 1, access_log: null }, '"1"');
      expect([updated.status, updated.body['values']]).toEqual([
        200,
        { max_inflight: 5, drain_ms: 1 },
      ]);
      expect((await app.call('GET', CLUSTER)).body).toEqual(updated.body);
      expect((await put(CLUSTER, {}, '*')).body).toMatchObject({ version: 3 });
    });

    it('of cluster, group and instance are listed and merged, with their origins', async () => {
      await put(CANARY, { max_inflight: 6, log_level: 'debug' }, '*');
      await put(INSTANCE, { max_inflight: 7 });
      const list = await app.call<Page<SettingsLevelRow>>('GET', '/api/v1/settings?sort=-level');
      expect(list.body.items.map(({ level, level_name }) => `${level} ${level_name}`)).toEqual([
        'instance gw-1',
        'group canary',
        'cluster cluster',
      ]);
      const one = await app.call('GET', '/api/v1/settings?level=group&level_name=canary');
      expect(one.body['total']).toBe(1);
      const effective = async (query: string) => {
        const path = `/api/v1/settings/effective${query}`;
        const { body } = await app.call<EffectiveSettings & Record<string, unknown>>('GET', path);
        return [body.values, body.origins.max_inflight.level, body.origins.access_log.level];
      };
      expect(await effective('?instance=gw-1&groups=canary,eu')).toEqual([
        { max_inflight: 7, log_level: 'debug', drain_ms: 1 },
        'instance',
        'environment',
      ]);
      expect(await effective('?instance=gw-2&groups=canary')).toMatchObject([
        { max_inflight: 6 },
        'group',
        'environment',
      ]);
      expect(await effective('')).toMatchObject([{ max_inflight: 5 }, 'cluster', 'environment']);
      const bad = '/api/v1/settings/effective?instance=a%20b';
      expect((await app.call('GET', bad)).status).toBe(400);
    });

    it('are published as a resource and deleted by version', async () => {
      const feed = async () => JSON.stringify(await app.feed('changes'));
      expect(await feed()).toContain('"level":"instance"');
      expect((await app.call('DELETE', INSTANCE)).status).toBe(428);
      expect((await app.call('DELETE', INSTANCE, { ifMatch: '"9"' })).status).toBe(412);
      expect((await app.call('DELETE', INSTANCE, { ifMatch: '"1"' })).status).toBe(204);
      expect((await app.call('GET', INSTANCE)).status).toBe(404);
      expect(await feed()).not.toContain('"level":"instance"');
    });
  });
}
