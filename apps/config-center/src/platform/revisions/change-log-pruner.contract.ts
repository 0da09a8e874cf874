/** What pruning takes and what it must leave; run on every database. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp, testSettings } from '../../admin-api-client.contract.js';
import type { Settings } from '../../settings.js';
import { Database } from '../database/database.js';
import { ChangeLog } from './change-log.js';
import { ChangeLogPruner } from './change-log.pruner.js';

const KEEP = 5;
const NAMESPACES = '/api/v1/namespaces';

export function describePruning(store: string, overrides: () => Promise<Partial<Settings>>): void {
  describe(`pruning on ${store}`, () => {
    let app: TestApp;
    beforeAll(async () => {
      app = await TestApp.start(testSettings(await overrides()));
    });
    afterAll(() => app.stop());

    const { signal } = new AbortController();
    const database = () => app.app.get(Database);
    const log = () => app.app.get(ChangeLog);
    const count = async (table: string) =>
      (await database().manager.query<unknown[]>(`SELECT * FROM ${table}`)).length;
    const create = async (code: string): Promise<string> => {
      const body = { namespace_code: code, namespace_name: code };
      const { headers } = await app.call('POST', NAMESPACES, { body });
      return headers.get('location') ?? '';
    };

    it('leaves the last revisions whole, and of older ones what is in force', async () => {
      await create('kept');
      const gone = await create('gone');
      await app.call('DELETE', gone, { ifMatch: '*' });
      const changed = await create('changed');
      for (let turn = 0; turn < 2 * KEEP; turn += 1) {
        const body = { namespace_name: `name ${turn}` };
        await app.call('PUT', changed, { body, ifMatch: '*' });
      }
      const head = await log().head();
      const full = await log().feedSince(null);
      const recent = await log().feedSince({ ...head, revision: head.revision - KEEP });
      const pruner = new ChangeLogPruner(database(), KEEP);
      expect(await pruner.prune(signal)).toBe(0);
      expect(await pruner.prune(signal)).toBeGreaterThan(KEEP);
      expect(await log().feedSince(null)).toEqual(full);
      expect(await log().feedSince({ ...head, revision: head.revision - KEEP })).toEqual(recent);
      expect(recent.type).toBe('delta');
      expect(await count('config_revisions')).toBe(KEEP);
      // One of the namespace that stays, one of the state before, the rest within the history.
      expect(await count('config_changes')).toBe(KEEP + 2);
    });

    it('leaves the state the oldest revision started from to go back to', async () => {
      const { revision } = await log().head();
      const body = { dry_run: true };
      const rollBack = async (to: number) =>
        (await app.call('POST', `/api/v1/revisions/${to}/rollback`, { body })).status;
      expect([await rollBack(revision - KEEP), await rollBack(revision - KEEP - 1)]).toEqual([
        200, 404,
      ]);
    });

    it('answers a full feed to who is further back than the history', async () => {
      const head = await log().head();
      const feed = await log().feedSince({ ...head, revision: head.revision - KEEP - 1 });
      expect(feed.type).toBe('full');
    });

    it('takes nothing while there are few revisions', async () => {
      const before = await count('config_changes');
      const pruner = new ChangeLogPruner(database(), 1000);
      await pruner.prune(signal);
      expect(await pruner.prune(signal)).toBe(0);
      expect(await count('config_changes')).toBe(before);
    });
  });
}
