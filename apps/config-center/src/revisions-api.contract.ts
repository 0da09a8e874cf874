/** What the admin API promises about revisions and the audit trail, the same on every database. */
import type {
  AuditEntry,
  AuditVerification,
  Comparison,
  Page,
  Revision,
  RevisionDetail,
  RollbackResult,
  Rollout,
} from '@ai-gateway/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp, testSettings } from './admin-api-client.contract.js';
import { AuditEntryEntity } from './platform/audit/audit-entry.entity.js';
import { Database } from './platform/database/database.js';
import type { Settings } from './settings.js';

type Resource = Record<string, unknown>;

let serial = 0;
const unique = (stem: string): string => `${stem}-${(serial += 1)}`;

export function describeRevisionsApi(
  store: string,
  overrides: () => Promise<Partial<Settings>>,
): void {
  describe(`revisions on ${store}`, () => {
    let app: TestApp;
    beforeAll(async () => {
      app = await TestApp.start(testSettings(await overrides()));
    });
    afterAll(() => app.stop());

    const revisionOf = ({ headers }: { headers: Headers }): number =>
      Number(headers.get('x-config-revision'));
    const get = async <Body>(path: string): Promise<Body> => {
      const answer = await app.call<Body>('GET', path);
      expect(answer.status).toBe(200);
      return answer.body;
    };
    const write = async (method: string, path: string, body?: object, headers = {}) => {
      const answer = await app.call(method, path, { body, ifMatch: '*', headers });
      expect(answer.status).toBeLessThan(300);
      return answer;
    };
    const newNamespace = async (): Promise<{ id: number; code: string; revision: number }> => {
      const code = unique('ns');
      const body = { namespace_code: code, namespace_name: 'N' };
      const answer = await write('POST', '/api/v1/namespaces', body);
      return { id: Number(answer.body['namespace_id']), code, revision: revisionOf(answer) };
    };
    const newRule = async (namespaceId: number, max: number) => {
      const answer = await write('POST', `/api/v1/namespaces/${namespaceId}/rules`, {
        rule_name: 'concurrency',
        rule_type: 'connection_limit',
        rule_config: { max_connections: max },
      });
      return { id: Number(answer.body['rule_id']), revision: revisionOf(answer) };
    };
    const setMax = (ruleId: number, max: number) =>
      write('PUT', `/api/v1/rules/${ruleId}`, { rule_config: { max_connections: max } });

    const changeOf = (ruleId: number, max: number) => ({
      method: 'PUT',
      path: `/api/v1/rules/${ruleId}`,
      body: { rule_config: { max_connections: max } },
    });

    describe('history', () => {
      it('lists who made a revision, why, and what it touched', async () => {
        const comment = { 'x-change-comment': encodeURIComponent('紧急 fix') };
        const body = { namespace_code: unique('ns'), namespace_name: 'N' };
        const answer = await write('POST', '/api/v1/namespaces', body, comment);
        const { items } = await get<Page<Revision>>('/api/v1/revisions?size=1');
        expect(items[0]).toMatchObject({
          revision: revisionOf(answer),
          cause: 'write',
          comment: '紧急 fix',
          request_id: answer.headers.get('x-request-id'),
          changes_total: 1,
          resources: [{ kind: 'namespace', id: answer.body['namespace_id'], action: 'create' }],
        });
      });

      it('shows a revision field by field', async () => {
        const { id } = await newNamespace();
        const rule = await newRule(id, 5);
        const answer = await setMax(rule.id, 7);
        const detail = await get<RevisionDetail>(`/api/v1/revisions/${revisionOf(answer)}`);
        expect(detail.changes).toEqual([
          expect.objectContaining({
            kind: 'rule',
            name: 'concurrency',
            action: 'update',
            diff: [{ path: 'rule_config.max_connections', before: 5, after: 7 }],
          }),
        ]);
      });

      it('goes on around a value that was broken past the API, until it is replaced', async () => {
        const { id, revision } = await newNamespace();
        const broken = store === 'SQLite' ? '{broken' : '"broken"';
        await app.app
          .get(Database)
          .transaction((manager) =>
            manager.query(
              'UPDATE config_changes SET value = ? WHERE kind = ? AND resource_id = ?',
              [broken, 'namespace', id],
            ),
          );
        const { changes } = await get<RevisionDetail>(`/api/v1/revisions/${revision}`);
        expect(changes).toMatchObject([{ id, after: { unreadable: expect.any(String) } }]);
        const back = await app.call('POST', `/api/v1/revisions/${revision - 1}/rollback`, {
          body: { dry_run: true },
        });
        expect(back.status).toBe(200);
        await write('PUT', `/api/v1/namespaces/${id}`, { namespace_name: 'whole' });
        const refused = await app.call('POST', `/api/v1/revisions/${revision}/rollback`, {});
        expect(refused).toMatchObject({ status: 422, body: { code: 'UNPROCESSABLE' } });
        await write('DELETE', `/api/v1/namespaces/${id}`);
      });

      it('compares any two, in either direction', async () => {
        const { id, revision } = await newNamespace();
        const rule = await newRule(id, 5);
        await setMax(rule.id, 6);
        const last = revisionOf(await setMax(rule.id, 7));
        const path = (from: number, to: number) =>
          `/api/v1/revisions/comparison?from=${from}&to=${to}`;
        const forth = await get<Comparison>(path(rule.revision, last));
        expect(forth.changes.map(({ diff }) => diff)).toEqual([
          [{ path: 'rule_config.max_connections', before: 5, after: 7 }],
        ]);
        const back = await get<Comparison>(path(last, revision));
        expect(back.changes).toEqual([
          expect.objectContaining({ kind: 'rule', action: 'delete', after: null }),
        ]);
        expect((await get<Comparison>(path(last, last))).changes).toEqual([]);
        expect((await app.call('GET', path(1, 999_999))).status).toBe(404);
      });
    });

    describe('rolling back', () => {
      it('brings resources back with their ids, as a new revision', async () => {
        const { id, code } = await newNamespace();
        const rule = await newRule(id, 5);
        const good = rule.revision;
        await setMax(rule.id, 7);
        await write('DELETE', `/api/v1/namespaces/${id}?cascade=true`);
        const other = await newNamespace();
        const answer = await app.call<RollbackResult>('POST', `/api/v1/revisions/${good}/rollback`);
        expect(answer.status).toBe(200);
        expect(revisionOf(answer)).toBe(other.revision + 1);
        expect(await get<Resource>(`/api/v1/namespaces/${id}`)).toMatchObject({
          namespace_code: code,
        });
        expect(await get<Resource>(`/api/v1/rules/${rule.id}`)).toMatchObject({
          rule_config: { max_connections: 5 },
        });
        expect((await app.call('GET', `/api/v1/namespaces/${other.id}`)).status).toBe(404);
        const path = `/api/v1/revisions/comparison?from=${good}&to=${revisionOf(answer)}`;
        expect((await get<Comparison>(path)).changes_total).toBe(0);
      });

      it('can be tried without effect', async () => {
        const { id } = await newNamespace();
        const rule = await newRule(id, 5);
        const latest = revisionOf(await setMax(rule.id, 7));
        const path = `/api/v1/revisions/${rule.revision}/rollback`;
        const dry = await app.call<RollbackResult>('POST', path, { body: { dry_run: true } });
        expect(dry.body).toMatchObject({ revision: null, changes_total: 1 });
        expect(dry.headers.get('x-config-revision')).toBeNull();
        expect((await get<{ revision: number }>('/stats')).revision).toBe(latest);
        expect(await get<Resource>(`/api/v1/rules/${rule.id}`)).toMatchObject({
          rule_config: { max_connections: 7 },
        });
      });

      it('swaps unique names', async () => {
        const one = await newNamespace();
        const two = await newNamespace();
        const before = two.revision;
        const rename = (id: number, namespace_code: string) =>
          write('PUT', `/api/v1/namespaces/${id}`, { namespace_code });
        await rename(one.id, unique('aside'));
        await rename(two.id, one.code);
        await rename(one.id, two.code);
        await write('POST', `/api/v1/revisions/${before}/rollback`);
        expect(await get(`/api/v1/namespaces/${one.id}`)).toMatchObject({
          namespace_code: one.code,
        });
        expect(await get(`/api/v1/namespaces/${two.id}`)).toMatchObject({
          namespace_code: two.code,
        });
      });

      it('gives many names back to the resources that had them', async () => {
        const codes = Array.from({ length: 201 }, () => unique('many'));
        const created = codes.map((namespace_code) => {
          const body = { namespace_code, namespace_name: 'N' };
          return { method: 'POST', path: '/api/v1/namespaces', body };
        });
        const batch = (operations: object[]) => write('POST', '/api/v1/batch', { operations });
        const first = await batch(created);
        const results = first.body['results'] as { body: { namespace_id: number } }[];
        const paths = results.map(({ body }) => `/api/v1/namespaces/${body.namespace_id}`);
        await batch([...paths.map((path) => ({ method: 'DELETE', path })), ...created]);
        await write('POST', `/api/v1/revisions/${revisionOf(first)}/rollback`, {});
        expect(await get(paths[0] ?? '')).toMatchObject({ namespace_code: codes[0] });
        expect(await get(paths[200] ?? '')).toMatchObject({ namespace_code: codes[200] });
      });

      it('leaves API keys alone and refuses to pull their namespace away', async () => {
        const start = await newNamespace();
        const owner = await newNamespace();
        const key = await write('POST', '/api/v1/api-keys', {
          key_name: unique('key'),
          namespace_id: owner.id,
        });
        const refused = await app.call('POST', `/api/v1/revisions/${start.revision}/rollback`);
        expect(refused.status).toBeGreaterThanOrEqual(409);
        expect((await app.call('GET', `/api/v1/namespaces/${owner.id}`)).status).toBe(200);
        await write('DELETE', `/api/v1/api-keys/${String(key.body['key_id'])}`);
        await write('POST', `/api/v1/revisions/${revisionOf(key)}/rollback`);
        const path = `/api/v1/api-keys/${String(key.body['key_id'])}`;
        expect((await app.call('GET', path)).status).toBe(404);
      });
    });

    describe('a rollout', () => {
      const begin = async (ruleId: number, max: number): Promise<Rollout> => {
        const answer = await app.call<Rollout>('POST', '/api/v1/rollouts', {
          body: { groups: ['canary'], operations: [changeOf(ruleId, max)] },
        });
        expect(answer.status).toBe(201);
        return answer.body;
      };
      const heldValues = async () =>
        (await app.feed('changes')).changes.filter(({ kind }) => kind === 'held_value');

      it('holds the old values for the others, refuses other writes, and is promoted', async () => {
        const { id } = await newNamespace();
        const rule = await newRule(id, 5);
        const rollout = await begin(rule.id, 9);
        expect(await heldValues()).toEqual([
          expect.objectContaining({
            value: expect.objectContaining({
              groups: ['canary'],
              resource_id: rule.id,
              value: expect.objectContaining({ rule_config: { max_connections: 5 } }),
            }),
          }),
        ]);
        const refused = await app.call('PUT', `/api/v1/rules/${rule.id}`, {
          body: { priority: 3 },
          ifMatch: '*',
        });
        expect(refused).toMatchObject({ status: 409, body: { code: 'ROLLOUT_ACTIVE' } });
        await write('POST', `/api/v1/rollouts/${rollout.rollout_id}/promote`);
        expect((await get<Resource>(`/api/v1/rules/${rule.id}`))['rule_config']).toEqual({
          max_connections: 9,
        });
        await setMax(rule.id, 10);
      });

      it('lets nothing depend on what exists only within it, and takes no credentials', async () => {
        const code = unique('ns');
        const operations = [
          {
            method: 'POST',
            path: '/api/v1/namespaces',
            body: { namespace_code: code, namespace_name: 'N' },
          },
        ];
        const { body: rollout } = await write('POST', '/api/v1/rollouts', {
          groups: ['canary'],
          operations,
        });
        const [{ id }] = rollout['resources'] as [{ id: number }];
        const rule = {
          rule_name: 'early',
          rule_type: 'connection_limit',
          rule_config: { max_connections: 1 },
        };
        const early = await app.call('POST', `/api/v1/namespaces/${id}/rules`, { body: rule });
        expect(early).toMatchObject({ status: 409, body: { code: 'ROLLOUT_ACTIVE' } });
        await write('POST', `/api/v1/rollouts/${String(rollout['rollout_id'])}/promote`);
        await write('POST', `/api/v1/namespaces/${id}/rules`, rule);
        const key = { method: 'POST', path: '/api/v1/api-keys', body: { key_name: 'k' } };
        for (const path of ['/api/v1/rollouts', '/api/v1/drafts']) {
          const body = { draft_name: 'D', groups: ['canary'], operations: [key] };
          const { groups: _groups, ...draft } = body;
          const { draft_name: _name, ...change } = body;
          const answer = await app.call('POST', path, {
            body: path.endsWith('drafts') ? draft : change,
          });
          expect(answer).toMatchObject({
            status: 422,
            body: { details: [{ path: 'operations.0.path' }] },
          });
        }
      });

      it('is abandoned without a trace in the configuration', async () => {
        const { id } = await newNamespace();
        const rule = await newRule(id, 5);
        const rollout = await begin(rule.id, 9);
        const path = `/api/v1/rollouts/${rollout.rollout_id}`;
        const ended = await write('POST', `${path}/abandon`);
        expect(ended.body).toMatchObject({ state: 'abandoned', resources: [] });
        const query = `from=${rule.revision}&to=${revisionOf(ended)}`;
        const comparison = await get<Comparison>(`/api/v1/revisions/comparison?${query}`);
        expect(comparison.changes).toEqual([]);
        expect((await app.call('POST', `${path}/promote`)).body['code']).toBe('CONFLICT');
      });
    });

    describe('a draft', () => {
      const newDraft = async (ruleId: number, max: number): Promise<string> => {
        const body = { draft_name: 'D', operations: [changeOf(ruleId, max)] };
        const { body: draft } = await write('POST', '/api/v1/drafts', body);
        return `/api/v1/drafts/${String(draft['draft_id'])}`;
      };
      const maxOf = async (ruleId: number) =>
        (await get<Resource>(`/api/v1/rules/${ruleId}`))['rule_config'];

      it('changes nothing until it is published, once', async () => {
        const { id } = await newNamespace();
        const rule = await newRule(id, 5);
        const draft = await newDraft(rule.id, 9);
        const validation = await write('POST', `${draft}/validate`);
        expect(validation.body).toMatchObject({
          valid: true,
          changes: [{ diff: [{ path: 'rule_config.max_connections', before: 5, after: 9 }] }],
        });
        expect(await maxOf(rule.id)).toEqual({ max_connections: 5 });
        const published = await write('POST', `${draft}/publish`);
        expect(published.body).toMatchObject({
          state: 'published',
          published_revision: revisionOf(published),
        });
        expect(await maxOf(rule.id)).toEqual({ max_connections: 9 });
        expect((await app.call('POST', `${draft}/publish`)).status).toBe(409);
      });

      it('keeps no secret, which would stand in the database and on the audit trail', async () => {
        const target = { url: 'https://models.example/v1', credential: 'sk-canary-in-a-draft' };
        const upstream = { upstream_code: unique('up'), upstream_name: 'U', targets: [target] };
        const operations = [{ method: 'POST', path: '/api/v1/upstreams', body: upstream }];
        const body = { draft_name: 'with a secret', operations };
        const refused = await app.call('POST', '/api/v1/drafts', { body });
        expect([refused.status, refused.body['details']]).toEqual([
          422,
          [expect.objectContaining({ path: 'operations.0.body.targets.0.credential' })],
        ]);
        const update = { body: { operations }, ifMatch: '*' };
        expect((await app.call('PUT', await newDraft(1, 1), update)).status).toBe(422);
      });

      it('refuses text that no database keeps', async () => {
        for (const broken of [
          { body: ['\ud800'] },
          { body: { '\ud800': 1 } },
          { if_match: '\ud800' },
        ]) {
          const operations = [{ method: 'PUT', path: '/api/v1/rules/1', ...broken }];
          const body = { draft_name: 'D', operations };
          expect((await app.call('POST', '/api/v1/drafts', { body })).status).toBe(422);
        }
      });

      it('says why it would be refused, as publishing does', async () => {
        const draft = await newDraft(999_999, 9);
        for (const act of ['validate', 'publish']) {
          const answer = await app.call('POST', `${draft}/${act}`);
          expect(answer).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
        }
      });

      it('can be tried out on some instances first', async () => {
        const { id } = await newNamespace();
        const rule = await newRule(id, 5);
        const draft = await newDraft(rule.id, 9);
        const published = await write('POST', `${draft}/publish`, { groups: ['canary'] });
        const revision = await get<Revision>(`/api/v1/revisions/${revisionOf(published)}`);
        expect(revision.cause).toBe('rollout');
        const { items } = await get<Page<Rollout>>('/api/v1/rollouts?state=active&size=1');
        expect(items[0]).toMatchObject({ resources: [{ kind: 'rule', id: rule.id }] });
      });
    });

    describe('the audit trail', () => {
      it('has one row per change, with values before and after, and verifies', async () => {
        const { id } = await newNamespace();
        const rule = await newRule(id, 5);
        const answer = await setMax(rule.id, 7);
        const path = `/api/v1/audit?object_type=rule&object_id=${rule.id}`;
        const { items } = await get<Page<AuditEntry>>(path);
        expect(items.map(({ action }) => action)).toEqual(['update', 'create']);
        expect(items[0]).toMatchObject({
          outcome: 'done',
          revision: revisionOf(answer),
          request_id: answer.headers.get('x-request-id'),
          before: { rule_config: { max_connections: 5 } },
          after: { rule_config: { max_connections: 7 } },
        });
        expect(await get('/api/v1/audit/verification')).toMatchObject({ valid: true });
      });

      it('shows secrets as fingerprints only', async () => {
        const secret = 'sk-canary-0123456789';
        const answer = await write('POST', '/api/v1/upstreams', {
          upstream_code: unique('up'),
          upstream_name: 'U',
          targets: [{ url: 'https://x.example', credential: secret }],
        });
        const path = `/api/v1/audit?revision=${revisionOf(answer)}&object_type=target`;
        const [entry] = (await get<Page<AuditEntry>>(path)).items;
        expect(entry?.after).toMatchObject({
          credential: { fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) },
        });
        const revision = await get(`/api/v1/revisions/${revisionOf(answer)}`);
        expect(JSON.stringify([entry, revision])).not.toMatch(/canary|ciphertext/);
      });

      it.each([
        ['an edit', 'UPDATE audit_log SET actor_name = ? WHERE seq = ?', ['mallory', 3], 3],
        ['a deletion', 'DELETE FROM audit_log WHERE seq = ?', [2], 3],
      ])('shows %s', async (_name, statement, parameters, seq) => {
        const { manager } = app.app.get(Database);
        const backup = await manager.find(AuditEntryEntity);
        await app.app.get(Database).transaction((tx) => tx.query(statement, parameters));
        const verification = await get<AuditVerification>('/api/v1/audit/verification');
        expect(verification).toMatchObject({ valid: false, fault: { seq } });
        await restoreRows(app, backup);
        expect((await get<AuditVerification>('/api/v1/audit/verification')).valid).toBe(true);
      });

      it('shows an end that was cut off', async () => {
        const { manager } = app.app.get(Database);
        const backup = await manager.find(AuditEntryEntity);
        const last = Math.max(...backup.map(({ seq }) => seq));
        await app.app
          .get(Database)
          .transaction((tx) => tx.query('DELETE FROM audit_log WHERE seq = ?', [last]));
        const verification = await get<AuditVerification>('/api/v1/audit/verification');
        expect(verification).toMatchObject({ valid: false, fault: { seq: last - 1 } });
        await restoreRows(app, backup);
      });
    });

    describe('a database that went back', () => {
      it('gets a new epoch from whoever has seen more', async () => {
        const before = await get<{ epoch: string; revision: number }>('/api/v1/feed/head');
        const { dataSource } = app.app.get(Database);
        await dataSource.query('UPDATE config_state SET revision = revision - 2');
        const deadlineMs = performance.now() + 5000;
        let after = before;
        while (after.epoch === before.epoch && performance.now() < deadlineMs) {
          after = await get('/api/v1/feed/head');
        }
        expect(after.epoch).not.toBe(before.epoch);
        expect(after.revision).toBe(before.revision - 2);
        const [entry] = (await get<Page<AuditEntry>>('/api/v1/audit?action=renew_epoch')).items;
        expect(entry).toMatchObject({ actor_name: 'system', object_type: 'config_state' });
      });
    });
  });
}

async function restoreRows(app: TestApp, rows: AuditEntryEntity[]): Promise<void> {
  await app.app.get(Database).transaction(async (tx) => {
    await tx.query('DELETE FROM audit_log');
    await tx.insert(AuditEntryEntity, rows);
  });
}
