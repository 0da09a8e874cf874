/** What the admin API promises of token rules, the same on every database. */
import type {
  AdminErrorBody,
  TokenRule,
  TokenRuleTestResult,
  TokenRuleVersions,
} from '@ai-gateway/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp, testSettings, type Answer } from '../../admin-api-client.contract.js';
import type { Settings } from '../../settings.js';

let serial = 0;
const unique = (stem: string): string => `${stem}-${(serial += 1)}`;

const OVERHEADS = { per_message: 3, per_name: 1, per_request: 2, per_tool: 5 };

export function describeTokenRules(store: string, overrides: () => Promise<Partial<Settings>>) {
  describe(`token rules on ${store}`, () => {
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
      app.call('POST', '/api/v1/token-rules', {
        body: {
          rule_name: unique('rule'),
          model_pattern: 'own-model*',
          encoding: 'cl100k_base',
          family: 'plain',
          method: 'exact',
          overheads: OVERHEADS,
          ...body,
        },
      });
    const newRule = async (body: object = {}): Promise<TokenRule> => {
      const answer = await post(body);
      expect(answer.status).toBe(201);
      return answer.body as unknown as TokenRule;
    };
    const at = ({ token_rule_id }: TokenRule, path = '') =>
      `/api/v1/token-rules/${token_rule_id}${path}`;
    const put = (rule: TokenRule, body: object) =>
      app.call('PUT', at(rule), { body, ifMatch: '*' });
    const publish = (rule: TokenRule) =>
      app.call('POST', at(rule, '/publish'), { body: {}, ifMatch: '*' });
    const rollback = (rule: TokenRule, rule_version: number) =>
      app.call('POST', at(rule, '/rollback'), { body: { rule_version }, ifMatch: '*' });
    const find = async (rule: TokenRule) =>
      (await app.call('GET', at(rule))).body as unknown as TokenRule;
    const test = async (rule: TokenRule, body: object) =>
      (await app.call('POST', at(rule, '/test'), { body })).body as unknown as TokenRuleTestResult;
    const fedValues = async ({ token_rule_id }: TokenRule) => {
      const feed = await app.feed('changes');
      return feed.changes.filter(({ kind, id }) => kind === 'token_rule' && id === token_rule_id);
    };

    it.each<[string, object, [number, string, string]]>([
      ['without a name', { rule_name: undefined }, [400, 'VALIDATION_FAILED', 'rule_name']],
      ['with an unknown field', { code: 'while(1);' }, [400, 'VALIDATION_FAILED', 'code']],
      ['with a regex', { model_pattern: '(a+)+$' }, [422, 'UNPROCESSABLE', 'model_pattern']],
      ['with a path', { model_pattern: '../../etc' }, [422, 'UNPROCESSABLE', 'model_pattern']],
      [
        'with an inherited name',
        { model_pattern: '__proto__' },
        [422, 'UNPROCESSABLE', 'model_pattern'],
      ],
      [
        'with a factor of zero',
        { method: 'estimate', factor: 0 },
        [422, 'UNPROCESSABLE', 'factor'],
      ],
      [
        'with a factor without end',
        { method: 'estimate', factor: 1e308 },
        [422, 'UNPROCESSABLE', 'factor'],
      ],
      ['with a factor on exact counts', { factor: 2 }, [422, 'UNPROCESSABLE', 'factor']],
      ['that are exact by no vocabulary', { encoding: null }, [422, 'UNPROCESSABLE', 'encoding']],
      [
        'with a negative overhead',
        { overheads: { ...OVERHEADS, per_tool: -1 } },
        [422, 'UNPROCESSABLE', 'overheads.per_tool'],
      ],
      ['of an unknown family', { family: 'javascript' }, [400, 'VALIDATION_FAILED', 'family']],
    ])('are refused %s', async (_what, body, expected) => {
      expect(problemOf(await post(body))).toEqual(expected);
    });

    it('begin as drafts that nobody counts by, and have a name once', async () => {
      const rule = await newRule();
      expect(rule).toMatchObject({ state: 'draft', rule_version: null, published: null });
      expect(await fedValues(rule)).toEqual([]);
      const { rule_name } = rule;
      expect(problemOf(await post({ rule_name }))).toEqual([409, 'CONFLICT', 'rule_name']);
      expect(problemOf(await put(await newRule(), { rule_name }))[1]).toBe('CONFLICT');
      expect(problemOf(await app.call('DELETE', at(rule, '/draft'), { ifMatch: '*' }))).toEqual([
        409,
        'CONFLICT',
        'rule_version',
      ]);
    });

    it('say what a sample counts, expected and got', async () => {
      const rule = await newRule();
      const messages = [{ role: 'user', name: 'ann', content: 'hello world' }];
      const answer = await test(rule, {
        samples: [
          { sample_name: 'chat', messages, expected: 9 },
          { prompt: 'hello world', expected: 2 },
          { prompt: 'hello world', expected: 4 },
          { prompt: 'hello world', expected: 4, tolerance: 2 },
        ],
      });
      expect(answer.passed).toBe(false);
      expect(answer.results).toEqual([
        { sample_name: 'chat', expected: 9, got: 9, difference: 0, method: 'exact', passed: true },
        { sample_name: null, expected: 2, got: 2, difference: 0, method: 'exact', passed: true },
        { sample_name: null, expected: 4, got: 2, difference: -2, method: 'exact', passed: false },
        { sample_name: null, expected: 4, got: 2, difference: -2, method: 'exact', passed: true },
      ]);
      expect((await find(rule)).version).toBe(rule.version);
    });

    it('cannot be tested without samples, or by a vocabulary that is not here', async () => {
      const rule = await newRule({ encoding: 'nobody-has-it' });
      const sample = { prompt: 'x', expected: 1 };
      const attempt = async (body: object) =>
        problemOf(await app.call('POST', at(rule, '/test'), { body })).slice(0, 2);
      expect(await attempt({ samples: [] })).toEqual([400, 'VALIDATION_FAILED']);
      expect(await attempt({ samples: [{ expected: 1 }] })).toEqual([400, 'VALIDATION_FAILED']);
      expect(await attempt({ samples: [sample] })).toEqual([422, 'UNPROCESSABLE']);
      expect(await attempt({ samples: [sample], rule_version: 1 })).toEqual([404, 'NOT_FOUND']);
    });

    it('are published, edited beside, published again and put back', async () => {
      const rule = await newRule();
      const first = await publish(rule);
      expect(first.body).toMatchObject({ state: 'published', rule_version: 1, draft: null });
      expect((await fedValues(rule))[0]?.value).toMatchObject({
        rule_version: 1,
        overheads: OVERHEADS,
        model_pattern: 'own-model*',
      });
      expect(problemOf(await publish(rule))).toEqual([409, 'CONFLICT', 'draft']);

      const edited = await put(rule, { overheads: { ...OVERHEADS, per_message: 7 } });
      expect(edited.body).toMatchObject({
        state: 'changed',
        rule_version: 1,
        published: { overheads: OVERHEADS },
        draft: { overheads: { per_message: 7 } },
      });
      expect((await fedValues(rule))[0]?.value).toMatchObject({ overheads: OVERHEADS });
      const samples = [{ messages: [{ role: 'user', content: 'hi' }], expected: 10 }];
      expect((await test(rule, { samples })).passed).toBe(true);
      expect((await test(rule, { samples, rule_version: 1 })).results[0]?.got).toBe(6);

      expect((await publish(rule)).body).toMatchObject({ rule_version: 2, draft: null });
      const { items } = (await app.call('GET', at(rule, '/versions')))
        .body as unknown as TokenRuleVersions;
      expect(items.map(({ rule_version }) => rule_version)).toEqual([2, 1]);
      expect(problemOf(await rollback(rule, 3)).slice(0, 2)).toEqual([404, 'NOT_FOUND']);
      expect((await rollback(rule, 1)).body).toMatchObject({
        rule_version: 1,
        published: { overheads: OVERHEADS },
      });
      expect((await fedValues(rule))[0]?.value).toMatchObject({ rule_version: 1 });
      await put(rule, { priority: 9 });
      expect((await publish(rule)).body).toMatchObject({ rule_version: 3 });
    });

    it('must hold together as a draft that was written in pieces', async () => {
      const rule = await newRule();
      expect(problemOf(await put(rule, { factor: 2 }))).toEqual([422, 'UNPROCESSABLE', 'factor']);
      const changed = await put(rule, { factor: 2, method: 'estimate' });
      expect(changed.body).toMatchObject({ draft: { factor: 2 }, state: 'draft' });
    });

    it('ask for the version that was read', async () => {
      const rule = await newRule();
      expect((await app.call('POST', at(rule, '/publish'), { body: {} })).status).toBe(428);
      const stale = { body: {}, ifMatch: `"${rule.version + 1}"` };
      expect((await app.call('POST', at(rule, '/publish'), stale)).status).toBe(412);
    });

    it('keep a draft that is thrown away out of what is published', async () => {
      const rule = await newRule();
      await publish(rule);
      await put(rule, { priority: 9 });
      const answer = await app.call('DELETE', at(rule, '/draft'), { ifMatch: '*' });
      expect(answer.body).toMatchObject({ state: 'published', published: { priority: 0 } });
    });

    it('go back with the whole configuration, and leave the feed when they are deleted', async () => {
      const rule = await newRule();
      const published = await publish(rule);
      const revision = Number(published.headers.get('x-config-revision'));
      await app.call('DELETE', at(rule), { ifMatch: '*' });
      expect((await app.call('GET', at(rule))).status).toBe(404);
      expect(await fedValues(rule)).toEqual([]);
      const path = `/api/v1/revisions/${revision}/rollback`;
      expect((await app.call('POST', path, { body: {} })).status).toBe(200);
      expect(await find(rule)).toMatchObject({ state: 'published', rule_version: 1, draft: null });
      await put(rule, { priority: 1 });
      expect((await publish(rule)).body).toMatchObject({ rule_version: 2 });
    });

    it('leave a trail: drafts and publications by who made them', async () => {
      const rule = await newRule();
      await put(rule, { priority: 2 });
      await publish(rule);
      const { items } = (await app.call('GET', `/api/v1/audit?size=5&sort=-seq`)).body as {
        items: { action: string; object_type: string; object_id: number }[];
      };
      const own = items.filter(({ object_id }) => object_id === rule.token_rule_id);
      expect(own.map(({ action, object_type }) => `${action} ${object_type}`)).toEqual([
        'create token_rule',
        'update token_rule_draft',
        'create token_rule_draft',
      ]);
    });
  });
}
