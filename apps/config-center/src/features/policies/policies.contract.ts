/** What the admin API promises of policies, the same on every database. */
import type { AdminErrorBody, EffectiveRules, Page, Policy } from '@ai-gateway/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp, testSettings, type Answer } from '../../admin-api-client.contract.js';
import type { Settings } from '../../settings.js';

let serial = 0;
const unique = (stem: string): string => `${stem}-${(serial += 1)}`;

const requests = (rule_name: string, max_requests_per_hour: number) => ({
  rule_name,
  rule_type: 'request_limit',
  rule_config: { max_requests_per_hour },
});
const connections = (rule_name: string) => ({
  rule_name,
  rule_type: 'connection_limit',
  rule_config: { max_connections: 5 },
});

export function describePolicies(store: string, overrides: () => Promise<Partial<Settings>>): void {
  describe(`policies on ${store}`, () => {
    let app: TestApp;
    beforeAll(async () => {
      app = await TestApp.start(testSettings(await overrides()));
    });
    afterAll(() => app.stop());

    const problemOf = ({ status, body }: Answer) => {
      const { code, details } = body as unknown as AdminErrorBody;
      return [status, code, details[0]?.path];
    };
    const post = (body: object) =>
      app.call('POST', '/api/v1/policies', { body: { policy_name: unique('policy'), ...body } });
    const newPolicy = async (...rules: object[]): Promise<Policy> => {
      const answer = await post({ rules });
      expect(answer.status).toBe(201);
      return answer.body as unknown as Policy;
    };
    const put = (path: string, body: object) => app.call('PUT', path, { body, ifMatch: '*' });
    const newNamespace = async (policy_ids: number[]) => {
      const body = { namespace_code: unique('ns'), namespace_name: 'n', policy_ids };
      const answer = await app.call('POST', '/api/v1/namespaces', { body });
      expect([answer.status, answer.body['policy_ids']]).toEqual([201, policy_ids]);
      return Number(answer.body['namespace_id']);
    };
    const changesOf = async (answer: Answer) => {
      const revision = Number(answer.headers.get('x-config-revision'));
      const { epoch } = (await app.call('GET', '/api/v1/feed/head')).body;
      const since = `epoch=${String(epoch)}&revision=${revision - 1}`;
      const feed = await app.feed(`changes?${since}`);
      return feed.changes.map(({ kind, id, value }) => ({ kind, id, value }));
    };

    it.each<[string, object, [number, string, string]]>([
      ['without a name', { policy_name: undefined }, [400, 'VALIDATION_FAILED', 'policy_name']],
      ['with an unknown field', { extra: 1 }, [400, 'VALIDATION_FAILED', 'extra']],
      [
        'with two rules of one name',
        { rules: [requests('a', 1), connections('a')] },
        [422, 'UNPROCESSABLE', 'rules.1.rule_name'],
      ],
      [
        'with a rule_config of another type',
        { rules: [requests('a', 1), { ...requests('b', 1), rule_config: { max_connections: 1 } }] },
        [422, 'UNPROCESSABLE', 'rules.1.rule_config.max_connections'],
      ],
      [
        'with a limit that is no number',
        { rules: [{ ...connections('a'), rule_config: { max_connections: '5' } }] },
        [422, 'UNPROCESSABLE', 'rules.0.rule_config.max_connections'],
      ],
      [
        'with a regex that gateways could not compile',
        {
          rules: [
            {
              rule_name: 'a',
              rule_type: 'field_check',
              rule_config: { field_path: 'body.n', operator: 'regex', value: '(?=x)' },
            },
          ],
        },
        [422, 'UNSUPPORTED_REGEX', 'rules.0.rule_config.value'],
      ],
    ])('are refused %s', async (_what, body, expected) => {
      expect(problemOf(await post(body))).toEqual(expected);
    });

    it('have a name once', async () => {
      const { policy_name, policy_id } = await newPolicy();
      const other = await newPolicy();
      expect(problemOf(await post({ policy_name }))).toEqual([409, 'CONFLICT', 'policy_name']);
      const path = `/api/v1/policies/${other.policy_id}`;
      expect(problemOf(await put(path, { policy_name }))[1]).toBe('CONFLICT');
      expect((await put(`/api/v1/policies/${policy_id}`, { policy_name })).status).toBe(200);
    });

    it('are read back as written, by version, and listed by filters', async () => {
      const answer = await post({ description: '模板', rules: [requests('a', 1)] });
      const { policy_id, policy_name } = answer.body as unknown as Policy;
      const path = `/api/v1/policies/${policy_id}`;
      expect(answer.headers.get('location')).toBe(path);
      const read = await app.call('GET', path);
      expect([read.body, read.headers.get('etag')]).toEqual([answer.body, '"1"']);
      expect(read.body).toMatchObject({ policy_type: 'request_limit', status: 1, version: 1 });
      expect(read.body).not.toHaveProperty('next_rule_no');
      const body = { status: 0 };
      expect((await app.call('PUT', path, { body })).status).toBe(428);
      expect((await app.call('PUT', path, { body, ifMatch: '"9"' })).status).toBe(412);
      expect((await app.call('PUT', path, { body, ifMatch: '"1"' })).body).toMatchObject({
        status: 0,
        version: 2,
        description: '模板',
        rules: [{ rule_name: 'a' }],
      });
      const query = `policy_name=${policy_name}&policy_type=request_limit&status=0`;
      const list = await app.call<Page<Policy>>('GET', `/api/v1/policies?${query}`);
      expect(list.body).toMatchObject({ total: 1, items: [{ policy_id }] });
    });

    it('have the type of their rules', async () => {
      const typeOf = async (...rules: object[]) => (await newPolicy(...rules)).policy_type;
      expect(await typeOf()).toBe('mixed');
      expect(await typeOf(requests('a', 1), requests('b', 2))).toBe('request_limit');
      expect(await typeOf(requests('a', 1), connections('b'))).toBe('mixed');
    });

    it('number their rules, by name, and never give a number again', async () => {
      const { policy_id } = await newPolicy(requests('a', 1), requests('b', 1));
      const numbers = async (...names: string[]) => {
        const rules = names.map((name) => requests(name, 2));
        const { body } = await put(`/api/v1/policies/${policy_id}`, { rules });
        return (body as unknown as Policy).rules.map(({ rule_no }) => rule_no);
      };
      expect(await numbers('b', 'c')).toEqual([2, 3]);
      expect(await numbers('a', 'b')).toEqual([4, 2]);
      expect(await numbers()).toEqual([]);
      expect(await numbers('a')).toEqual([5]);
    });

    it('that go back to an earlier revision give no number again either', async () => {
      const created = await post({ rules: [requests('a', 1)] });
      const { policy_id } = created.body as unknown as Policy;
      const path = `/api/v1/policies/${policy_id}`;
      await put(path, { rules: [requests('a', 1), requests('b', 1)] });
      const revision = created.headers.get('x-config-revision');
      const back = await app.call('POST', `/api/v1/revisions/${revision}/rollback`, { body: {} });
      expect(back.status).toBe(200);
      const again = await put(path, { rules: [requests('a', 1), requests('c', 1)] });
      const { rules } = again.body as unknown as Policy;
      expect(rules.map(({ rule_no }) => rule_no)).toEqual([1, 3]);
    });

    it('that do not exist cannot be bound', async () => {
      const body = { namespace_code: unique('ns'), namespace_name: 'n' };
      const { policy_id } = await newPolicy();
      const create = (policy_ids: number[]) =>
        app.call('POST', '/api/v1/namespaces', { body: { ...body, policy_ids } });
      const missing = [422, 'UNPROCESSABLE', 'policy_ids.1'];
      expect(problemOf(await create([policy_id, 999_999]))).toEqual(missing);
      expect(problemOf(await create([policy_id, policy_id]))).toEqual(missing);
      const path = `/api/v1/namespaces/${await newNamespace([])}`;
      expect(problemOf(await put(path, { policy_ids: [policy_id, 999_999] }))).toEqual(missing);
      expect((await put(path, { policy_ids: [policy_id] })).body).toMatchObject({
        policy_ids: [policy_id],
      });
      expect((await put(path, { status: 0 })).body).toMatchObject({ policy_ids: [policy_id] });
    });

    it('change all their namespaces by one change of one revision', async () => {
      const { policy_id: id } = await newPolicy(requests('a', 1));
      await newNamespace([id]);
      await newNamespace([id]);
      const written = await put(`/api/v1/policies/${id}`, { rules: [requests('a', 2)] });
      expect(await changesOf(written)).toMatchObject([
        { kind: 'policy', id, value: { rules: [{ rule_no: 1, rule_name: 'a' }] } },
      ]);
    });

    it('in use are deleted only with their bindings, in one revision', async () => {
      const { policy_id } = await newPolicy();
      const { policy_id: kept } = await newPolicy();
      const namespaceId = await newNamespace([kept, policy_id]);
      const path = `/api/v1/policies/${policy_id}`;
      const remove = (query = '') => app.call('DELETE', path + query, { ifMatch: '*' });
      expect((await app.call('DELETE', path)).status).toBe(428);
      expect(problemOf(await remove())).toEqual([409, 'IN_USE', 'namespaces']);
      const removed = await remove('?cascade=true');
      expect(removed.status).toBe(204);
      expect(await changesOf(removed)).toMatchObject([
        { kind: 'namespace', id: namespaceId, value: { policy_ids: [kept] } },
        { kind: 'policy', id: policy_id, value: null },
      ]);
      expect((await app.call('GET', path)).status).toBe(404);
      expect((await app.call('DELETE', `/api/v1/policies/999999`, { ifMatch: '*' })).status).toBe(
        404,
      );
    });

    describe('the effective rules of a namespace', () => {
      const effective = async (id: number) => {
        const path = `/api/v1/namespaces/${id}/effective-rules`;
        return (await app.call<EffectiveRules & Record<string, unknown>>('GET', path)).body.items;
      };

      it('are 404 for one that does not exist', async () => {
        const path = '/api/v1/namespaces/999999/effective-rules';
        expect((await app.call('GET', path)).status).toBe(404);
      });

      it('say where each comes from and what holds', async () => {
        const policy = await newPolicy(
          requests('inherited', 1),
          requests('replaced', 1),
          { ...requests('off', 1), status: 0 },
          { ...connections('first'), priority: 500 },
        );
        const disabled = await newPolicy(requests('of a disabled policy', 1));
        await put(`/api/v1/policies/${disabled.policy_id}`, { status: 0 });
        const id = await newNamespace([policy.policy_id, disabled.policy_id]);
        const own = { ...requests('replaced', 9), status: 0 };
        const rule = await app.call('POST', `/api/v1/namespaces/${id}/rules`, { body: own });
        const { rule_id } = rule.body;
        const p = policy.policy_id;
        const shown = (await effective(id)).map((item) => [
          item.rule_id,
          item.origin,
          item.policy_id,
          item.replaced_by,
          item.holds,
        ]);
        expect(shown).toEqual([
          [`p${p}-4`, 'policy', p, null, true],
          [rule_id, 'own', null, null, false],
          [`p${p}-1`, 'policy', p, null, true],
          [`p${p}-2`, 'policy', p, rule_id, false],
          [`p${p}-3`, 'policy', p, null, false],
          [`p${disabled.policy_id}-1`, 'policy', disabled.policy_id, null, false],
        ]);
      });
    });

    it('are published as policies are described to gateways', async () => {
      const answer = await post({ rules: [requests('a', 1)] });
      const [change] = await changesOf(answer);
      expect(Object.keys(change?.value as object).sort()).toEqual([
        'description',
        'policy_id',
        'policy_name',
        'policy_type',
        'rules',
        'status',
      ]);
    });
  });
}
