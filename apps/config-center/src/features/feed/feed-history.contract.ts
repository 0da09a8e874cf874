/** What the feed promises about the past, the same on every database. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp, testSettings } from '../../admin-api-client.contract.js';
import type { Settings } from '../../settings.js';

export function describeFeedHistory(
  store: string,
  overrides: () => Promise<Partial<Settings>>,
): void {
  describe(`the feed of the past on ${store}`, () => {
    let app: TestApp;
    beforeAll(async () => {
      app = await TestApp.start(testSettings(await overrides()));
    });
    afterAll(() => app.stop());

    it('holds every revision as it was, and none of the future', async () => {
      const body = { namespace_code: 'past', namespace_name: 'first' };
      const created = await app.call('POST', '/api/v1/namespaces', { body });
      const path = created.headers.get('location') ?? '';
      const before = await app.feed('changes');
      await app.call('PUT', path, { body: { namespace_name: 'renamed' }, ifMatch: '*' });
      await app.call('DELETE', path, { ifMatch: '*' });
      const now = await app.feed('changes');
      expect(now.revision).toBe(before.revision + 2);
      expect(await app.feed(`at/${before.revision}`)).toEqual(before);
      const renamed = await app.feed(`at/${before.revision + 1}`);
      expect(JSON.stringify(renamed.changes)).toContain('renamed');
      expect(await app.feed(`at/${now.revision}`)).toEqual(now);
      const future = await app.call('GET', `/api/v1/feed/at/${now.revision + 1}`);
      expect([future.status, future.body['code']]).toEqual([404, 'NOT_FOUND']);
      expect((await app.call('GET', '/api/v1/feed/at/newest')).status).toBe(400);
    });
  });
}
