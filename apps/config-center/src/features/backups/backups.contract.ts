/** Backups and restore, against a whole config-center; run on every database. */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { PERMISSIONS } from '@ai-gateway/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp, testSettings } from '../../admin-api-client.contract.js';
import type { Settings } from '../../settings.js';
import { ConfigExporter } from '../config-documents/config-exporter.js';
import { BackupsService } from './backups.service.js';

const CANARY = 'sk-canary-0123456789';
const principal = {
  kind: 'user',
  userId: null,
  username: 'system',
  roles: ['super_admin'],
  permissions: PERMISSIONS,
} as const;

export function describeBackups(store: string, overrides: () => Promise<Partial<Settings>>): void {
  describe(`backups on ${store}`, () => {
    let app: TestApp;
    let dir: string;
    beforeAll(async () => {
      dir = join(mkdtempSync(join(tmpdir(), 'backups-')), 'new');
      const settings = testSettings({ ...(await overrides()), backupDir: dir, backupKeep: 2 });
      app = await TestApp.start(settings);
      await app.call('POST', '/api/v1/upstreams', {
        body: {
          upstream_code: 'openai',
          upstream_name: 'OpenAI',
          targets: [{ url: 'https://a.example', credential: CANARY }],
        },
      });
    });
    afterAll(async () => {
      await app.stop();
      rmSync(join(dir, '..'), { recursive: true, force: true });
    });

    const backups = () => app.app.get(BackupsService);
    const files = () => readdirSync(dir);
    const newNamespace = (code: string) =>
      app.call('POST', '/api/v1/namespaces', {
        body: { namespace_code: code, namespace_name: code },
      });
    const credentialOf = (upstreams: unknown): string =>
      JSON.stringify(upstreams).includes('…6789') ? 'kept' : 'lost';
    const restore = (path: string, dryRun = false) =>
      backups().restore(path, { dryRun, principal });
    const metric = async (name: string): Promise<number> => {
      const headers = { authorization: `Bearer ${app.settings.serviceCredential}` };
      const text = await (await fetch(`${app.url}/metrics`, { headers })).text();
      return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    };

    it('are files for this user only, without a secret in the clear', async () => {
      const path = await backups().backUp();
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(gunzipSync(readFileSync(path)).toString()).not.toContain('canary');
      const name = 'config_center_backup_last_success_timestamp_seconds';
      expect(Date.now() / 1000 - (await metric(name))).toBeLessThan(60);
    });

    it('are not made twice of one revision', async () => {
      const path = await backups().backUp();
      expect(await backups().backUp()).toBe(path);
      expect(files()).toHaveLength(1);
    });

    it('bring everything back, credentials too, in one revision', async () => {
      const path = await backups().backUp();
      const before = await app.app.get(ConfigExporter).export('exclude');
      await newNamespace('added');
      const { body: page } = await app.call('GET', '/api/v1/upstreams');
      const [{ upstream_id: id }] = page['items'] as [{ upstream_id: number }];
      await app.call('DELETE', `/api/v1/upstreams/${id}`, { ifMatch: '*' });
      expect(await restore(path, true)).toMatchObject({ applied: false, summary: { create: 2 } });
      const report = await restore(path);
      expect(report).toMatchObject({
        applied: true,
        summary: { create: 2, update: 0, delete: 1, unchanged: 0 },
      });
      const after = await app.app.get(ConfigExporter).export('exclude');
      expect(after.document).toEqual(before.document);
      expect(report.revision).toBe(before.revision + 3);
      const { body: restored } = await app.call('GET', '/api/v1/upstreams');
      expect(credentialOf(restored)).toBe('kept');
      const { body: revision } = await app.call(
        'GET',
        `/api/v1/revisions/${String(report.revision)}`,
      );
      expect(revision).toMatchObject({ cause: 'restore', actor_name: 'system' });
    });

    it('are kept in a bounded number, without leftovers of broken writes', async () => {
      writeFileSync(join(dir, '.config-20260101T000000Z-0123abcd-r1.json.gz.tmp'), 'half');
      writeFileSync(join(dir, 'of-somebody-else.txt'), '');
      for (const code of ['one', 'two', 'three']) {
        await newNamespace(code);
        await backups().backUp();
      }
      expect(files().filter((name) => name.startsWith('config-'))).toHaveLength(2);
      expect(files()).toHaveLength(3);
    });

    it.each([
      ['is cut off', (bytes: Buffer) => bytes.subarray(0, -20), 'not a whole backup'],
      [
        'was edited',
        (bytes: Buffer) => gzipSync(gunzipSync(bytes).toString().replace('openai', 'opened')),
        'is damaged',
      ],
      ['is something else', () => gzipSync('{}'), 'is no backup'],
    ])('are refused when the file %s', async (_what, spoil, reason) => {
      const path = await backups().backUp();
      const spoiled = join(dir, 'spoiled');
      writeFileSync(spoiled, spoil(readFileSync(path)));
      await expect(restore(spoiled)).rejects.toThrow(reason);
    });

    it('count when they fail', async () => {
      await newNamespace('four');
      rmSync(dir, { recursive: true });
      writeFileSync(dir, 'no folder');
      await expect(backups().backUp()).rejects.toThrow('ENOTDIR');
      expect(await metric('config_center_backup_failures_total')).toBe(1);
      rmSync(dir);
    });
  });
}
