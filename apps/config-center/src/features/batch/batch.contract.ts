/** Several writes as one, against a whole config-center; run on every database. */
import type { AdminErrorBody, BatchResult } from '@ai-gateway/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp, testSettings, type Answer } from '../../admin-api-client.contract.js';
import { Database } from '../../platform/database/database.js';
import type { Settings } from '../../settings.js';

type Operation = { method: string; path: string; body?: unknown; if_match?: string };

let serial = 0;
const unique = (stem: string): string => `${stem}-${(serial += 1)}`;

const newNamespace = (code = unique('ns')): Operation => ({
  method: 'POST',
  path: '/api/v1/namespaces',
  body: { namespace_code: code, namespace_name: 'n' },
});
const newUpstream = (code = unique('up')): Operation => ({
  method: 'POST',
  path: '/api/v1/upstreams',
  body: { upstream_code: code, upstream_name: 'U' },
});

export function describeBatch(store: string, overrides: () => Promise<Partial<Settings>>): void {
  describe(`batch on ${store}`, () => {
    let app: TestApp;
    let admin: Record<string, string>;
    const login = async (username: string, password: string) => {
      const body = { username, password };
      const { body: tokens } = await app.call('POST', '/api/v1/auth/login', { body });
      return { authorization: `Bearer ${String(tokens['access_token'])}` };
    };
    beforeAll(async () => {
      app = await TestApp.start(testSettings(await overrides()), { guarded: true });
      admin = await login('admin', 'correct horse battery');
    });
    afterAll(() => app.stop());

    const batch = (operations: Operation[], extra: object = {}, headers = admin) =>
      app.call('POST', '/api/v1/batch', { body: { operations, ...extra }, headers });
    const problem = (answer: Answer) => answer.body as unknown as AdminErrorBody;
    const result = (answer: Answer) => answer.body as unknown as BatchResult;
    const firstPath = (answer: Answer) => problem(answer).details[0]?.path;
    const rows = (sql: string): Promise<Record<string, unknown>[]> =>
      app.app.get(Database).dataSource.query(sql);
    const revision = async () =>
      Number((await rows('SELECT revision FROM config_state'))[0]?.['revision']);

    it('makes one revision of many writes and uses ids it has just made', async () => {
      const before = await revision();
      const model = unique('model');
      const answer = await batch([
        newNamespace(),
        {
          method: 'POST',
          path: '/api/v1/namespaces/$0.namespace_id/rules',
          body: {
            rule_name: 'r',
            rule_type: 'connection_limit',
            rule_config: { max_connections: 1 },
          },
        },
        newUpstream(),
        {
          method: 'POST',
          path: '/api/v1/models',
          body: { model_name: model, upstream_id: '$2.upstream_id' },
        },
        {
          method: 'PUT',
          path: '/api/v1/models/$3.model_id',
          body: { description: '$$0.namespace_id' },
        },
        { method: 'DELETE', path: '/api/v1/rules/$1.rule_id' },
      ]);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('x-config-revision')).toBe(String(before + 1));
      const { results } = result(answer);
      expect(results.map(({ status }) => status)).toEqual([201, 201, 201, 201, 200, 204]);
      expect(results[4]?.body).toMatchObject({
        model_name: model,
        description: '$0.namespace_id',
        version: 2,
      });
      expect(results[5]?.body).toBeNull();
      expect(await revision()).toBe(before + 1);
      const audited = await rows(`SELECT actor_name FROM audit_log WHERE revision = ${before + 1}`);
      expect(audited.length).toBeGreaterThan(2);
      expect(new Set(audited.map((row) => row['actor_name']))).toEqual(new Set(['admin']));
      const made = await rows(
        `SELECT cause, actor_name FROM config_revisions WHERE revision = ${before + 1}`,
      );
      expect(made).toMatchObject([{ cause: 'batch', actor_name: 'admin' }]);
    });

    it('writes nothing when one operation is refused, and says which and why', async () => {
      const before = await revision();
      const code = unique('ns');
      const bad = { method: 'POST', path: '/api/v1/namespaces', body: { namespace_code: 'x' } };
      const answer = await batch([newNamespace(code), bad]);
      expect([answer.status, problem(answer).code]).toEqual([400, 'VALIDATION_FAILED']);
      expect(firstPath(answer)).toBe('operations.1.namespace_name');
      expect(await revision()).toBe(before);
      const query = `/api/v1/namespaces?namespace_code=${code}`;
      expect((await app.call('GET', query, { headers: admin })).body).toMatchObject({ total: 0 });
    });

    it('leaves one line on the audit trail of a batch that was refused', async () => {
      const code = unique('ns');
      const count = async () => (await rows('SELECT seq FROM audit_log')).length;
      const before = await count();
      const answer = await batch([newNamespace(code), newNamespace(code)]);
      expect([answer.status, firstPath(answer)]).toEqual([409, 'operations.1.namespace_code']);
      expect(await count()).toBe(before + 1);
    });

    it('checks versions when asked to', async () => {
      const made = result(await batch([newNamespace()])).results[0]?.body as Record<string, number>;
      const put = (if_match: string) =>
        batch([
          {
            method: 'PUT',
            path: `/api/v1/namespaces/${made['namespace_id'] ?? 0}`,
            body: { status: 0 },
            if_match,
          },
        ]);
      const stale = await put('"7"');
      expect([stale.status, firstPath(stale)]).toEqual([412, 'operations.0.version']);
      expect((await put('"1"')).status).toBe(200);
    });

    it('does everything and keeps nothing in a dry run', async () => {
      const before = await revision();
      const code = unique('ns');
      const answer = await batch([newNamespace(code)], { dry_run: true });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('x-config-revision')).toBeNull();
      expect(result(answer)).toMatchObject({
        revision: null,
        results: [{ status: 201, body: { namespace_code: code } }],
      });
      expect(await revision()).toBe(before);
      expect((await batch([newNamespace(code)])).status).toBe(200);
    });

    it.each([
      ['/api/v1/batch', { operations: [] }],
      ['/api/v1/auth/logout', undefined],
      ['/api/v1/feed/changes', undefined],
      ['/api/v1/api-keys/1/rotate', {}],
      ['/api/v1/namespaces/../batch', {}],
      ['/api/v1/Namespaces', {}],
      ['/admin/keys', {}],
    ])('does not reach %s', async (path, body) => {
      const answer = await batch([{ method: 'POST', path, body }]);
      expect([answer.status, firstPath(answer)]).toEqual([422, 'operations.0.path']);
    });

    it('refuses a body that is nested too deeply', async () => {
      const body = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
      const text = `{"operations":[{"method":"POST","path":"/api/v1/models","body":${body}}]}`;
      const headers = { ...admin, 'content-type': 'application/json' };
      const answer = await app.call('POST', '/api/v1/batch', { body: text, headers });
      expect([answer.status, firstPath(answer)]).toEqual([422, 'operations.0.body']);
    });

    it('reaches no other place by putting names into paths', async () => {
      const body = { namespace_code: unique('ns'), namespace_name: '..', description: 'batch' };
      const made = { method: 'POST', path: '/api/v1/namespaces', body };
      const path = '/api/v1/namespaces/$0.namespace_name/$0.description';
      const inner = { operations: [newNamespace()], dry_run: true };
      const answer = await batch([made, { method: 'POST', path, body: inner }]);
      expect([answer.status, firstPath(answer)]).toEqual([422, 'operations.1']);
    });

    it('refuses a reference that leads nowhere', async () => {
      const put = { method: 'PUT', path: '/api/v1/namespaces/$1.namespace_id', body: {} };
      expect(firstPath(await batch([newNamespace(), put]))).toBe('operations.1');
    });

    it('refuses a method that does not exist for a path', async () => {
      const answer = await batch([{ method: 'DELETE', path: '/api/v1/namespaces' }]);
      expect([answer.status, firstPath(answer)]).toEqual([405, 'operations.0']);
    });

    it('refuses more operations than may be, and a form', async () => {
      const many = Array.from({ length: 501 }, () => newNamespace());
      expect((await batch(many)).status).toBe(400);
      const headers = { ...admin, 'content-type': 'text/plain' };
      const form = await app.call('POST', '/api/v1/batch', { body: 'a=1', headers });
      expect(form.status).toBe(415);
    });

    it('takes more than the usual 1 MB, up to 16 MB', async () => {
      const large = (count: number) =>
        Array.from({ length: count }, () => {
          const operation = newNamespace();
          return { ...operation, body: { ...(operation.body as object), description: text } };
        });
      const text = 'x'.repeat(4000);
      expect((await batch(large(300))).status).toBe(200);
      const headers = { ...admin, 'content-type': 'application/json' };
      const body = `{"operations":[${' '.repeat(17 * 1024 * 1024)}]}`;
      expect((await app.call('POST', '/api/v1/batch', { body, headers })).status).toBe(413);
    });

    it('is for super admins, and reads no body of others', async () => {
      const username = unique('operator');
      const password = 'a long enough phrase';
      const user = { username, role: 'operator', password };
      await app.call('POST', '/api/v1/users', { body: user, headers: admin });
      const headers = await login(username, password);
      expect((await batch([newNamespace()], {}, headers)).status).toBe(403);
      expect((await batch([newNamespace()], {}, {})).status).toBe(401);
    });

    it('counts and logs as one request', async () => {
      const headers = { authorization: `Bearer ${app.settings.serviceCredential}` };
      const metrics = async () =>
        (await fetch(`${app.url}/metrics`, { headers })).text().then((text) => {
          const line = /^config_center_requests_total\{.*namespaces".*2xx"\} (\d+)$/m.exec(text);
          return Number(line?.[1] ?? 0);
        });
      const before = await metrics();
      await batch([newNamespace()]);
      expect(await metrics()).toBe(before);
    });
  });
}
