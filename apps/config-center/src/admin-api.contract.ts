/** The admin API's promises, the same on every database. */
import type { AdminErrorBody, Page } from '@ai-gateway/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from './platform/database/database.js';
import { expectTablesOfEntities } from './platform/database/schema.contract.js';
import { TestApp, testSettings, type Answer } from './admin-api-client.contract.js';
import type { Settings } from './settings.js';

type Resource = Record<string, unknown>;

let serial = 0;
const unique = (stem: string): string => `${stem}-${(serial += 1)}`;

export function describeAdminApi(store: string, overrides: () => Promise<Partial<Settings>>): void {
  describe(`admin API on ${store}`, () => {
    let app: TestApp;
    beforeAll(async () => {
      app = await TestApp.start(testSettings(await overrides()));
    });
    afterAll(() => app.stop());

    const create = async (path: string, body: object): Promise<Resource> => {
      const answer = await app.call('POST', path, { body });
      expect(answer.body).toMatchObject({ version: 1 });
      return answer.body;
    };
    const newNamespace = () =>
      create('/api/v1/namespaces', { namespace_code: unique('ns'), namespace_name: '渠道 🚀' });
    const newUpstream = (extra: object = {}) =>
      create('/api/v1/upstreams', { upstream_code: unique('up'), upstream_name: 'U', ...extra });
    const problem = (answer: Answer) => answer.body as unknown as AdminErrorBody;
    const firstPath = (answer: Answer) => problem(answer).details[0]?.path;

    describe('errors', () => {
      it.each([
        ['malformed JSON', '{', {}, 400, 'INVALID_JSON', undefined],
        [
          'a form',
          'a=1',
          { 'content-type': 'text/plain' },
          415,
          'UNSUPPORTED_MEDIA_TYPE',
          undefined,
        ],
        ['an array', '[]', {}, 400, 'VALIDATION_FAILED', ''],
        [
          'a missing field',
          '{"namespace_code":"x"}',
          {},
          400,
          'VALIDATION_FAILED',
          'namespace_name',
        ],
        [
          'an unknown field',
          '{"namespace_code":"x","namespace_name":"x","role":"admin"}',
          {},
          400,
          'VALIDATION_FAILED',
          'role',
        ],
        [
          '__proto__',
          '{"namespace_code":"x","namespace_name":"x","__proto__":{}}',
          {},
          400,
          'VALIDATION_FAILED',
          '__proto__',
        ],
        [
          'a number out of range',
          '{"namespace_code":"x","namespace_name":"x","status":7}',
          {},
          422,
          'UNPROCESSABLE',
          'status',
        ],
        [
          'a malformed code',
          '{"namespace_code":"x y","namespace_name":"x"}',
          {},
          422,
          'UNPROCESSABLE',
          'namespace_code',
        ],
      ] as const)('refuses %s', async (...row) => {
        const [, body, headers, status, code, path] = row;
        const answer = await app.call('POST', '/api/v1/namespaces', { body, headers });
        expect(answer.status).toBe(status);
        expect(problem(answer).code).toBe(code);
        expect(problem(answer).request_id).toBe(answer.headers.get('x-request-id'));
        expect(firstPath(answer)).toBe(path);
      });

      it.each([
        ['a half of a character in a name', 'namespace_name', '"a\\ud800"'],
        ['a half of a character in free text', 'description', '"a\\udc00"'],
        ['a half of a character in a label', 'labels.a', '{"a":"\\ud83d"}'],
      ])('refuses %s, which not every store keeps', async (_what, path, value) => {
        const field = path.split('.')[0] ?? '';
        const body = `{"namespace_code":"${unique('ns')}","namespace_name":"n","${field}":${value}}`;
        const answer = await app.call('POST', '/api/v1/namespaces', { body });
        expect([answer.status, firstPath(answer)]).toEqual([422, path]);
      });

      it('refuses bytes that are not UTF-8', async () => {
        const head = Buffer.from('{"namespace_code":"latin","namespace_name":"');
        const body = Buffer.concat([head, Buffer.from([0xe9]), Buffer.from('"}')]);
        const answer = await app.call('POST', '/api/v1/namespaces', { body });
        expect([answer.status, problem(answer).code]).toEqual([400, 'INVALID_JSON']);
      });

      it('refuses a body above 1 MB', async () => {
        const body = { namespace_code: 'x', namespace_name: 'x'.repeat(1_100_000) };
        expect((await app.call('POST', '/api/v1/namespaces', { body })).status).toBe(413);
      });

      it('answers unknown paths and methods in the same envelope', async () => {
        const anyone = { headers: { authorization: 'Bearer anyone' } };
        expect(problem(await app.call('GET', '/api/v1/nothing', anyone)).code).toBe('NOT_FOUND');
        const wrong = await app.call('PATCH', '/api/v1/namespaces', anyone);
        expect(wrong.status).toBe(405);
        expect(wrong.headers.get('allow')).toBe('GET, POST');
        expect(wrong.headers.get('x-powered-by')).toBeNull();
      });

      it.each(['0', '-1', 'abc', '1e3', '99999999999999999'])('refuses the id %s', async (id) => {
        expect((await app.call('GET', `/api/v1/namespaces/${id}`)).status).toBe(400);
      });

      it.each(['page=-1', 'page=0', 'size=201', 'size=1e9', 'sort=id%3Bdrop', 'name%5B%5D=1'])(
        'refuses the query %s',
        async (query) => {
          expect((await app.call('GET', `/api/v1/namespaces?${query}`)).status).toBe(400);
        },
      );
    });

    describe('versions', () => {
      it('wants If-Match on PUT and DELETE, refuses a stale one and takes *', async () => {
        const { namespace_id: id } = await newNamespace();
        const path = `/api/v1/namespaces/${String(id)}`;
        const body = { namespace_name: 'new' };
        expect((await app.call('PUT', path, { body })).status).toBe(428);
        expect((await app.call('DELETE', path)).status).toBe(428);
        const stale = await app.call('PUT', path, { body, ifMatch: '"7"' });
        expect([stale.status, stale.headers.get('etag')]).toEqual([412, '"1"']);
        const written = await app.call('PUT', path, { body, ifMatch: '"1"' });
        expect(written.status).toBe(200);
        expect(written.headers.get('etag')).toBe('"2"');
        expect(written.body).toMatchObject({ version: 2, namespace_name: 'new', status: 1 });
        expect((await app.call('DELETE', path, { ifMatch: '"1"' })).status).toBe(412);
        expect((await app.call('DELETE', path, { ifMatch: '*' })).status).toBe(204);
        expect((await app.call('GET', path)).status).toBe(404);
      });

      it('lets one of two concurrent updates of the same version pass', async () => {
        const { namespace_id: id } = await newNamespace();
        const put = (name: string) =>
          app.call('PUT', `/api/v1/namespaces/${String(id)}`, {
            body: { namespace_name: name },
            ifMatch: '"1"',
          });
        const statuses = (await Promise.all([put('a'), put('b')])).map(({ status }) => status);
        expect(statuses.sort()).toEqual([200, 412]);
      });
    });

    describe('namespaces', () => {
      it('creates with Location, ETag and revision, reads back what was written', async () => {
        const body = { namespace_code: unique('ns'), namespace_name: '微信 🚀', description: null };
        const answer = await app.call('POST', '/api/v1/namespaces', { body });
        expect(answer.status).toBe(201);
        const location = answer.headers.get('location') ?? '';
        expect(location).toBe(`/api/v1/namespaces/${String(answer.body['namespace_id'])}`);
        expect(Number(answer.headers.get('x-config-revision'))).toBeGreaterThan(0);
        const read = await app.call('GET', location);
        expect(read.headers.get('etag')).toBe('"1"');
        expect(read.body).toEqual(answer.body);
        expect(read.body).toMatchObject({ ...body, status: 1, is_default: false, labels: {} });
        expect(read.body['create_time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      });

      it('takes names that differ in case for different ones, in codes and in filters', async () => {
        const code = unique('Case');
        const post = (namespace_code: string) =>
          create('/api/v1/namespaces', { namespace_code, namespace_name: namespace_code });
        await post(code);
        await post(code.toLowerCase());
        for (const filter of [`namespace_code=${code}`, `namespace_name=${code}%20`]) {
          const list = await app.call<Page<Resource>>('GET', `/api/v1/namespaces?${filter}`);
          expect(list.body.items).toMatchObject([{ namespace_code: code }]);
        }
      });

      it('gives a code once, also to concurrent creators', async () => {
        const body = { namespace_code: unique('ns'), namespace_name: 'x' };
        const answers = await Promise.all(
          [1, 2, 3].map(() => app.call('POST', '/api/v1/namespaces', { body })),
        );
        expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
      });

      it('moves the default to who claims it, in one revision', async () => {
        const claim = async () => {
          const body = { namespace_code: unique('ns'), namespace_name: 'x', is_default: true };
          return app.call('POST', '/api/v1/namespaces', { body });
        };
        const first = (await claim()).headers.get('location') ?? '';
        const second = await claim();
        expect((await app.call('GET', first)).body).toMatchObject({
          is_default: false,
          version: 2,
        });
        const list = await app.call('GET', '/api/v1/namespaces?is_default=true');
        expect(list.body).toMatchObject({ items: [second.body], total: 1 });
        const back = await app.call('PUT', first, { body: { is_default: true }, ifMatch: '"2"' });
        expect(back.body).toMatchObject({ is_default: true, version: 3 });
        const revision = Number(back.headers.get('x-config-revision'));
        const { epoch } = (await app.call('GET', '/api/v1/feed/head')).body;
        const since = `epoch=${String(epoch)}&revision=${revision - 1}`;
        const feed = await app.feed(`changes?${since}`);
        expect(feed.changes).toMatchObject([
          { value: { is_default: false } },
          { value: { is_default: true } },
        ]);
        await app.call('DELETE', first, { ifMatch: '*' });
      });

      it('lists pages with total, filter and descending sort', async () => {
        const { namespace_code: code } = await newNamespace();
        await newNamespace();
        const filtered = await app.call<Page<Resource>>(
          'GET',
          `/api/v1/namespaces?namespace_code=${String(code)}&status=1`,
        );
        expect(filtered.body).toMatchObject({ total: 1, page: 1, size: 50 });
        const sorted = await app.call<Page<Resource>>(
          'GET',
          '/api/v1/namespaces?sort=-namespace_id&size=2&page=1',
        );
        const ids = sorted.body.items.map((item) => Number(item['namespace_id']));
        expect(ids).toHaveLength(2);
        expect(ids[0]).toBeGreaterThan(ids[1] ?? Infinity);
      });

      it('refuses to delete what is in use, unless it cascades', async () => {
        const { namespace_id: id } = await newNamespace();
        const base = `/api/v1/namespaces/${String(id)}`;
        const rule = await create(`${base}/rules`, {
          rule_name: 'r',
          rule_type: 'connection_limit',
          rule_config: { max_connections: 1 },
        });
        expect((await app.call('DELETE', base, { ifMatch: '"7"' })).status).toBe(412);
        const refused = await app.call('DELETE', base, { ifMatch: '*' });
        expect([refused.status, problem(refused).code]).toEqual([409, 'IN_USE']);
        expect((await app.call('DELETE', `${base}?cascade=true`, { ifMatch: '*' })).status).toBe(
          204,
        );
        expect((await app.call('GET', `/api/v1/rules/${String(rule['rule_id'])}`)).status).toBe(
          404,
        );
      });
    });

    describe('matchers and rules', () => {
      it.each([['(a+'], ['(?=x)'], ['(a)\\1']])(
        'refuses the regex %s with a reason',
        async (regex) => {
          const { namespace_id: id } = await newNamespace();
          const body = {
            matcher_name: 'm',
            matcher_type: 'header',
            match_field: 'x',
            match_operator: 'regex',
            match_value: regex,
          };
          const answer = await app.call('POST', `/api/v1/namespaces/${String(id)}/matchers`, {
            body,
          });
          expect([answer.status, problem(answer).code]).toEqual([422, 'UNSUPPORTED_REGEX']);
          expect(problem(answer).details[0]?.message).not.toBe('');
        },
      );

      it('names the condition that gateways could not compile', async () => {
        const { namespace_id: id } = await newNamespace();
        const body = {
          matcher_name: 'm',
          matcher_type: 'header',
          match_field: 'x',
          match_operator: 'equals',
          match_value: 'v',
          conditions: [
            { in: 'path', operator: 'regex', value: '^/v1/' },
            { in: 'query', operator: 'equals', value: 'v' },
          ],
        };
        const path = `/api/v1/namespaces/${String(id)}/matchers`;
        const answer = await app.call('POST', path, { body });
        expect([answer.status, firstPath(answer)]).toEqual([422, 'conditions.1']);
      });

      it.each([
        ['gt', 'many', 'UNPROCESSABLE'],
        ['eq', ['a'], 'UNPROCESSABLE'],
        ['regex', '(?=x)', 'UNSUPPORTED_REGEX'],
      ])('refuses a field check %s %j that gateways could not compile', async (...row) => {
        const [operator, value, code] = row;
        const { namespace_id: id } = await newNamespace();
        const rule_config = { field_path: 'body.n', operator, value };
        const body = { rule_name: 'r', rule_type: 'field_check', rule_config };
        const answer = await app.call('POST', `/api/v1/namespaces/${String(id)}/rules`, { body });
        expect([answer.status, problem(answer).code]).toEqual([422, code]);
        expect(firstPath(answer)).toBe('rule_config.value');
      });

      it('stores a matcher and clears nothing that a PUT leaves out', async () => {
        const { namespace_id: id } = await newNamespace();
        const matcher = await create(`/api/v1/namespaces/${String(id)}/matchers`, {
          matcher_name: 'm',
          matcher_type: 'body',
          match_field: 'metadata.channel',
          match_operator: 'eq',
          match_value: '中文',
          conditions: [{ in: 'method', operator: 'in', value: '["POST"]' }],
        });
        expect(matcher).toMatchObject({
          match_operator: 'equals',
          priority: 100,
          namespace_id: id,
        });
        const path = `/api/v1/matchers/${String(matcher['matcher_id'])}`;
        const put = await app.call('PUT', path, { body: { priority: 5 }, ifMatch: '"1"' });
        expect(put.body).toMatchObject({
          priority: 5,
          match_value: '中文',
          conditions: [{ in: 'method' }],
        });
      });

      it.each([
        [{ max_connections: '10' }, 'rule_config.max_connections'],
        [{ max_connections: 1.5 }, 'rule_config.max_connections'],
        [{ max_connections: -1 }, 'rule_config.max_connections'],
        [{ max_connections: 2 ** 60 }, 'rule_config.max_connections'],
        [{ max_connections: 1, extra: 1 }, 'rule_config.extra'],
        ['{"max_connections":1}', 'rule_config'],
        [{}, 'rule_config.max_connections'],
      ])('refuses rule_config %j with 422', async (rule_config, path) => {
        const { namespace_id: id } = await newNamespace();
        const body = { rule_name: 'r', rule_type: 'connection_limit', rule_config };
        const answer = await app.call('POST', `/api/v1/namespaces/${String(id)}/rules`, { body });
        expect([answer.status, firstPath(answer)]).toEqual([422, path]);
      });

      it('checks rule_config against the type an update leaves in place', async () => {
        const { namespace_id: id } = await newNamespace();
        const rule = await create(`/api/v1/namespaces/${String(id)}/rules`, {
          rule_name: 'r',
          rule_type: 'request_limit',
          rule_config: { max_requests_per_minute: 10 },
          models: ['gpt-*'],
        });
        expect(rule).toMatchObject({
          per: 'namespace',
          mode: 'enforce',
          on_store_failure: 'share',
        });
        const path = `/api/v1/rules/${String(rule['rule_id'])}`;
        const put = (body: object) => app.call('PUT', path, { body, ifMatch: '*' });
        expect((await put({ rule_config: { max_connections: 1 } })).status).toBe(422);
        expect((await put({ rule_type: 'token_limit' })).status).toBe(422);
        expect(
          (await put({ rule_config: { max_requests_per_hour: 5 }, models: null })).body,
        ).toMatchObject({
          rule_config: { max_requests_per_hour: 5 },
          models: null,
        });
      });

      it('answers 404 for a namespace that does not exist', async () => {
        expect((await app.call('GET', '/api/v1/namespaces/999999/rules')).status).toBe(404);
      });
    });

    describe('upstreams, models and routes', () => {
      it('shows a credential only as set and hint', async () => {
        const upstream = await newUpstream({
          targets: [{ url: 'https://api.example.com/v1', credential: 'sk-canary-0123456789' }],
        });
        expect(JSON.stringify(upstream)).not.toContain('canary');
        expect(upstream['targets']).toMatchObject([{ credential: { set: true, hint: '…6789' } }]);
        const [target] = upstream['targets'] as Resource[];
        const path = `/api/v1/targets/${String(target?.['target_id'])}`;
        const kept = await app.call('PUT', path, { body: { weight: 5 }, ifMatch: '*' });
        expect(kept.body).toMatchObject({ weight: 5, credential: { set: true } });
        const cleared = await app.call('PUT', path, { body: { credential: null }, ifMatch: '*' });
        expect(cleared.body).toMatchObject({ credential: { set: false, hint: '' } });
      });

      it.each([
        'http://169.254.169.254/',
        'http://2130706433',
        'http://h.example:6379',
        'http://h.example/a b',
        'http://h.example/#',
      ])('refuses the target %s and keeps nothing of the upstream', async (url) => {
        const upstream_code = unique('up');
        const body = { upstream_code, upstream_name: 'U', targets: [{ url }] };
        const answer = await app.call('POST', '/api/v1/upstreams', { body });
        expect([answer.status, firstPath(answer)]).toEqual([422, 'targets.0.url']);
        const list = await app.call('GET', `/api/v1/upstreams?upstream_code=${upstream_code}`);
        expect(list.body['total']).toBe(0);
      });

      it('keeps an upstream while models name it', async () => {
        const upstream = await newUpstream();
        const upstream_id = upstream['upstream_id'];
        const model = await create('/api/v1/models', { model_name: unique('gpt'), upstream_id });
        const path = `/api/v1/upstreams/${String(upstream_id)}`;
        expect((await app.call('DELETE', path, { ifMatch: '*' })).status).toBe(409);
        expect((await app.call('DELETE', `${path}?cascade=true`, { ifMatch: '*' })).status).toBe(
          204,
        );
        const gone = await app.call('GET', `/api/v1/models/${String(model['model_id'])}`);
        expect(gone.status).toBe(404);
      });

      it('gives a model name or alias once', async () => {
        const { upstream_id } = await newUpstream();
        const name = unique('gpt');
        await create('/api/v1/models', { model_name: name, upstream_id });
        const body = { model_name: unique('gpt'), aliases: [name], upstream_id };
        const answer = await app.call('POST', '/api/v1/models', { body });
        expect([answer.status, firstPath(answer)]).toEqual([409, 'aliases.0']);
      });

      it('refuses a model of an upstream that does not exist', async () => {
        const body = { model_name: unique('gpt'), upstream_id: 999_999 };
        const answer = await app.call('POST', '/api/v1/models', { body });
        expect([answer.status, firstPath(answer)]).toEqual([422, 'upstream_id']);
      });

      it.each(['two words', 'a.example:80', ''])('refuses the host %j of a route', async (host) => {
        const { upstream_id } = await newUpstream();
        const body = { name: unique('route'), path: '/svc/host', hosts: [host], upstream_id };
        const answer = await app.call('POST', '/api/v1/routes', { body });
        expect([answer.status, firstPath(answer)]).toEqual([422, 'hosts.0']);
      });

      it('refuses a route that gateways could not compile', async () => {
        const { upstream_id } = await newUpstream();
        const body = { name: unique('route'), path: '/svc/exact', target_url: '/*', upstream_id };
        const answer = await app.call('POST', '/api/v1/routes', { body });
        expect([answer.status, firstPath(answer)]).toEqual([422, 'target_url']);
      });

      it('updates the route of the same path and name when it is posted again', async () => {
        const { upstream_id } = await newUpstream();
        const body = { name: unique('route'), path: '/svc/echo', upstream_id };
        const first = await app.call('POST', '/api/v1/routes', { body });
        expect(first.status).toBe(201);
        expect(first.body).toMatchObject({ requires_auth: true, rate_limit_rpm: null, version: 1 });
        const again = await app.call('POST', '/api/v1/routes', {
          body: { ...body, rate_limit_rpm: 60, requires_auth: false },
        });
        expect(again.status).toBe(200);
        expect(again.headers.get('location')).toBeNull();
        expect(again.body).toMatchObject({
          route_id: first.body['route_id'],
          rate_limit_rpm: 60,
          requires_auth: false,
          version: 2,
        });
      });
    });

    describe('revisions', () => {
      it('never share or skip a number, however many write at once', async () => {
        const head = async () => (await app.call('GET', '/api/v1/feed/head')).body;
        const before = Number((await head())['revision']);
        const answers = await Promise.all(
          Array.from({ length: 12 }, () =>
            app.call('POST', '/api/v1/namespaces', {
              body: { namespace_code: unique('ns'), namespace_name: 'x' },
            }),
          ),
        );
        const revisions = answers.map(({ headers }) => Number(headers.get('x-config-revision')));
        const expected = Array.from({ length: 12 }, (_, index) => before + 1 + index);
        expect(revisions.sort((a, b) => a - b)).toEqual(expected);
        expect((await head())['revision']).toBe(before + 12);
      });

      it('do not move when a write is refused', async () => {
        const head = async () => (await app.call('GET', '/api/v1/feed/head')).body;
        const before = await head();
        const { status } = await app.call('POST', '/api/v1/models', {
          body: { model_name: unique('gpt'), upstream_id: 999_999 },
        });
        expect(status).toBe(422);
        expect(await head()).toEqual(before);
      });

      it('feed a full configuration, then only what changed', async () => {
        const feed = (query: string) => app.feed(`changes${query}`);
        const full = await feed('');
        expect(full.type).toBe('full');
        const namespace = await newNamespace();
        const id = Number(namespace['namespace_id']);
        await app.call('DELETE', `/api/v1/namespaces/${id}`, { ifMatch: '*' });
        const delta = await feed(`?epoch=${full.epoch}&revision=${full.revision}`);
        expect(delta).toMatchObject({ type: 'delta', revision: full.revision + 2 });
        expect(delta.changes).toEqual([
          { kind: 'namespace', id, revision: delta.revision, value: null },
        ]);
        expect((await feed(`?epoch=another-epoch&revision=1`)).type).toBe('full');
        expect((await feed(`?epoch=${full.epoch}&revision=999999`)).type).toBe('full');
      });

      it('carry credentials sealed', async () => {
        await newUpstream({
          targets: [{ url: 'https://x.example', credential: 'sk-canary-9876543' }],
        });
        const feed = JSON.stringify(await app.feed('changes'));
        expect(feed).not.toContain('canary');
        expect(feed).toContain('wrapped_key');
      });

      it('wake the readers of the stream', async () => {
        const abort = new AbortController();
        const response = await fetch(`${app.url}/api/v1/feed/stream`, { signal: abort.signal });
        const reader = (response.body as ReadableStream<Uint8Array>)
          .pipeThrough(new TextDecoderStream())
          .getReader();
        const next = async (): Promise<{ revision: number }> => {
          for (;;) {
            const { value = '' } = await reader.read();
            if (value.startsWith('data: '))
              return JSON.parse(value.slice(6)) as { revision: number };
          }
        };
        const first = await next();
        await newNamespace();
        expect((await next()).revision).toBe(first.revision + 1);
        abort.abort();
      });
    });

    describe('system', () => {
      it('has tables as its entities say', async () => {
        await expectTablesOfEntities(app.app.get(Database).dataSource);
      });

      it('documents itself from the schemas', async () => {
        const { body } = await app.call('GET', '/docs-json');
        const paths = body['paths'] as Record<string, Record<string, unknown>>;
        expect(Object.keys(paths)).toContain('/api/v1/namespaces/{namespace_id}');
        expect(JSON.stringify(paths['/api/v1/namespaces'])).toContain('namespace_code');
        expect(JSON.stringify(paths['/api/v1/namespaces/{namespace_id}/rules'])).toContain(
          'max_requests_per_minute',
        );
      });

      it('counts what is alive by kind', async () => {
        type Stats = { database: { resources: number; sizes: Record<string, number> } };
        const stats = async () => (await app.call<Stats & Resource>('GET', '/stats')).body.database;
        await newNamespace();
        const before = await stats();
        const { namespace_id: id } = await newNamespace();
        await newNamespace();
        const path = `/api/v1/namespaces/${String(id)}`;
        await app.call('PUT', path, { body: { status: 0 }, ifMatch: '*' });
        expect((await stats()).sizes['namespace']).toBe((before.sizes['namespace'] ?? 0) + 2);
        await app.call('DELETE', path, { ifMatch: '*' });
        expect((await stats()).resources).toBe(before.resources + 1);
      });

      it('answers 404 for counters that are no documented name', async () => {
        for (const key of [
          '*',
          'config:namespace:1',
          'rate_limit:nobody:1',
          'rule:999999',
          '..%2Fx',
        ]) {
          expect((await app.call('GET', `/api/v1/counters/${key}`)).status).toBe(404);
        }
      });

      it('tells health without detail to strangers', async () => {
        const { status, body } = await app.call('GET', '/health');
        expect([status, body]).toEqual([200, { status: 'healthy' }]);
      });
    });
  });
}
