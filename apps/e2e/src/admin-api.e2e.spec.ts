/** The admin API as the documents promise it, on MariaDB and Redis, and what its writes do to traffic. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { AdminClient, type Answer, type Resource } from './admin.client.js';
import { eventually } from './eventually.js';
import { Installation } from './installation.js';
import { chat } from './load.js';

const INIT = fileURLToPath(new URL('../../config-center/dist/init.js', import.meta.url));
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const ID = expect.any(Number);

interface Page {
  items: Resource[];
  total: number;
  page: number;
  size: number;
}

let installation: Installation;
let admin: AdminClient;
let anonymous: AdminClient;
let database: Connection;
let redis: Redis;
let initOutput: string[];

const init = async (): Promise<string> => {
  const env = installation.configCenterEnv;
  const { stdout } = await promisify(execFile)(process.execPath, [INIT], { env });
  return stdout;
};

beforeAll(async () => {
  installation = await Installation.prepare({ mysqlUrl: inject('mysqlUrl') });
  initOutput = [await init(), await init()];
  await installation.startControlPlane();
  ({ admin } = installation);
  anonymous = new AdminClient(admin.url);
  await installation.startGateway();
  database = await createConnection(installation.databaseUrl);
  redis = new Redis(installation.redis.url);
});
afterAll(async () => {
  redis.disconnect();
  await database.end();
  await installation.stop();
});

const codeOf = ({ body }: Answer): unknown => body['code'];
const pathOf = ({ body }: Answer): unknown => (body['details'] as { path: string }[])[0]?.path;
const newNamespace = async (namespace_code: string): Promise<string> => {
  const body = { namespace_code, namespace_name: '渠道' };
  const { resource } = await admin.write('POST', '/api/v1/namespaces', body);
  return `/api/v1/namespaces/${String(resource['namespace_id'])}`;
};

describe('npm run init', () => {
  it('seeds the demo data, and nothing more when it runs again', async () => {
    for (const output of initOutput) expect(output).toContain('The demo data is in place.');
    const list = async (what: string): Promise<Page> =>
      (await admin.call<Page>('GET', `/api/v1/${what}?size=200`)).body;
    const names = async (what: string, field: string): Promise<unknown[]> =>
      (await list(what)).items.map((item) => item[field]).toSorted();
    expect(await names('namespaces', 'namespace_code')).toEqual(['alipay', 'demo', 'wechat']);
    expect(await names('upstreams', 'upstream_code')).toEqual(['mock-llm', 'mock-llm-anthropic']);
    expect(await names('models', 'model_name')).toEqual([
      'Qwen3-8B',
      'claude-sonnet-4-5',
      'gpt-4o',
      'gpt-4o-mini',
    ]);
    const revision = async (): Promise<unknown> =>
      (await admin.call('GET', '/stats')).body['revision'];
    const before = await revision();
    await init();
    expect(await revision()).toBe(before);
  });
});

describe('the tables', () => {
  const columns = async (table: string): Promise<Record<string, RowDataPacket>> => {
    const [rows] = await database.query<RowDataPacket[]>(
      `SELECT column_name AS name, data_type AS type, character_maximum_length AS length,
         column_default AS fallback, is_nullable AS nullable
       FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?`,
      [table],
    );
    return Object.fromEntries(rows.map((row) => [String(row['name']), row]));
  };

  it.each([
    ['namespaces', 'namespace_id namespace_code namespace_name description status'],
    [
      'message_matchers',
      'matcher_id namespace_id matcher_name matcher_type match_field match_operator match_value priority status',
    ],
    ['namespace_rules', 'rule_id namespace_id rule_name rule_type rule_config priority status'],
  ])('%s has the documented columns', async (table, names) => {
    const found = Object.keys(await columns(table));
    expect(found).toEqual(
      expect.arrayContaining([...names.split(' '), 'create_time', 'update_time']),
    );
  });

  it('keep the documented lengths', async () => {
    const lengths = async (table: string, ...names: string[]): Promise<number[]> => {
      const found = await columns(table);
      return names.map((name) => Number(found[name]?.['length']));
    };
    expect(await lengths('namespaces', 'namespace_code', 'namespace_name')).toEqual([50, 100]);
    expect(
      await lengths(
        'message_matchers',
        'matcher_name',
        'matcher_type',
        'match_field',
        'match_operator',
      ),
    ).toEqual([100, 20, 100, 20]);
    expect(await lengths('namespace_rules', 'rule_name', 'rule_type')).toEqual([100, 50]);
  });

  it('have the composite index over namespace and priority', async () => {
    const [rows] = await database.query<RowDataPacket[]>(
      `SELECT table_name AS owner, GROUP_CONCAT(column_name ORDER BY seq_in_index) AS columns
       FROM information_schema.statistics
       WHERE table_schema = DATABASE() AND index_name LIKE 'idx%namespace_priority'
       GROUP BY table_name, index_name ORDER BY table_name`,
    );
    expect(rows.map((row) => [row['owner'], row['columns']])).toEqual([
      ['message_matchers', 'namespace_id,priority'],
      ['namespace_rules', 'namespace_id,priority'],
    ]);
  });
});

describe('namespaces', () => {
  it('are created, read, listed, changed and deleted with the documented fields', async () => {
    const body = { namespace_code: 'mobile', namespace_name: '移动端 📱', description: '说明' };
    const created = await admin.call('POST', '/api/v1/namespaces', { body });
    expect(created.status).toBe(201);
    expect(created.body).toEqual({
      ...body,
      namespace_id: ID,
      status: 1,
      is_default: false,
      labels: {},
      policy_ids: [],
      version: 1,
      create_time: TIME,
      update_time: TIME,
    });
    const path = created.headers.get('location') ?? '';
    expect(path).toBe(`/api/v1/namespaces/${String(created.body['namespace_id'])}`);
    const read = await admin.call('GET', path);
    expect([read.status, read.headers.get('etag'), read.body]).toEqual([200, '"1"', created.body]);
    const list = await admin.call<Page>('GET', '/api/v1/namespaces?namespace_code=mobile');
    expect(list.body).toEqual({ items: [created.body], total: 1, page: 1, size: 50 });
    const changed = await admin.call('PUT', path, {
      body: { description: null, status: 0 },
      ifMatch: '"1"',
    });
    expect(changed.body).toMatchObject({ description: null, status: 0, version: 2 });
    expect(changed.body['namespace_name']).toBe(body.namespace_name);
    expect((await admin.call('DELETE', path, { ifMatch: '"2"' })).status).toBe(204);
    expect((await admin.call('GET', path)).status).toBe(404);
  });

  it('come in pages', async () => {
    const page = async (query: string): Promise<Page> =>
      (await admin.call<Page>('GET', `/api/v1/namespaces?sort=namespace_code&${query}`)).body;
    const first = await page('page=1&size=2');
    const second = await page('page=2&size=2');
    expect(first.items).toHaveLength(2);
    expect(first.total).toBe(second.total);
    const codes = [...first.items, ...second.items].map((item) => String(item['namespace_code']));
    expect(codes).toEqual(codes.toSorted());
    expect(new Set(codes).size).toBe(codes.length);
  });
});

describe('matchers and rules', () => {
  it.each([
    ['header', 'channelcode', 'equals', 'wechat001'],
    ['body', 'channel', 'equals', 'alipay'],
    ['header', 'user-agent', 'contains', 'Mozilla'],
    ['header_and_body', 'tenant', 'regex', '^a+$'],
    ['header', 'x-any', 'in', '["a","b"]'],
    ['body', 'kind', 'not_equals', 'internal'],
  ])(
    'a %s matcher on %s that %s',
    async (matcher_type, match_field, match_operator, match_value) => {
      const path = await newNamespace(
        `m-${matcher_type.replaceAll('_', '-')}-${match_field}-${match_operator.replace('_', '-')}`,
      );
      const body = { matcher_name: 'm', matcher_type, match_field, match_operator, match_value };
      const created = await admin.call('POST', `${path}/matchers`, { body });
      expect([created.status, created.body]).toEqual([
        201,
        expect.objectContaining({
          ...body,
          matcher_id: ID,
          namespace_id: Number(path.split('/').at(-1)),
          priority: 100,
          status: 1,
          create_time: TIME,
          update_time: TIME,
        }),
      ]);
      const one = `/api/v1/matchers/${String(created.body['matcher_id'])}`;
      expect((await admin.call('GET', one)).body).toEqual(created.body);
      const list = await admin.call<Page>('GET', `${path}/matchers`);
      expect(list.body.items).toEqual([created.body]);
      const changed = await admin.call('PUT', one, { body: { priority: 7 }, ifMatch: '*' });
      expect(changed.body).toMatchObject({ priority: 7, match_value });
      expect((await admin.call('DELETE', one, { ifMatch: '*' })).status).toBe(204);
      await admin.write('DELETE', `${path}?cascade=true`);
    },
  );

  it.each([
    ['connection_limit', { max_connections: 1000, window_size: 3600 }],
    ['request_limit', { max_requests_per_minute: 100, max_requests_per_hour: 5000 }],
    [
      'token_limit',
      { max_tokens_per_hour: 100_000, max_tokens_per_day: 1_000_000, window_size: 3600 },
    ],
    [
      'field_check',
      { field_path: 'body.max_tokens', operator: 'lte', value: 20_000, message: '超过上限' },
    ],
  ])('a %s with the documented rule_config', async (rule_type, rule_config) => {
    const path = await newNamespace(`r-${rule_type.replace('_', '-')}`);
    const body = { rule_name: 'r', rule_type, rule_config };
    const created = await admin.call('POST', `${path}/rules`, { body });
    expect([created.status, created.body]).toEqual([
      201,
      expect.objectContaining({
        ...body,
        rule_id: ID,
        namespace_id: Number(path.split('/').at(-1)),
        priority: 100,
        status: 1,
        create_time: TIME,
        update_time: TIME,
      }),
    ]);
    const one = `/api/v1/rules/${String(created.body['rule_id'])}`;
    expect((await admin.call('GET', one)).body).toEqual(created.body);
    expect((await admin.call<Page>('GET', `${path}/rules`)).body.items).toEqual([created.body]);
    const changed = await admin.call('PUT', one, { body: { status: 0 }, ifMatch: '*' });
    expect(changed.body).toMatchObject({ status: 0, rule_config });
    const [rows] = await database.query<RowDataPacket[]>(
      'SELECT CAST(rule_config AS CHAR) AS rule_config FROM namespace_rules WHERE rule_id = ?',
      [created.body['rule_id']],
    );
    expect(JSON.parse(String(rows[0]?.['rule_config']))).toEqual(rule_config);
    expect((await admin.call('DELETE', one, { ifMatch: '*' })).status).toBe(204);
  });

  it('count only while their status says so', async () => {
    const tenant = await installation.tenant('switched', [
      {
        rule_name: 'none',
        rule_type: 'request_limit',
        rule_config: { max_requests_per_minute: 0 },
      },
    ]);
    const ask = async (): Promise<number> =>
      (await chat(installation.gateway.url, tenant.headers)).status;
    expect(await ask()).toBe(429);
    const rule = `/api/v1/rules/${tenant.ruleIds[0]}`;
    await installation.applied((await admin.write('PUT', rule, { status: 0 })).revision);
    expect(await ask()).toBe(200);
    await installation.applied((await admin.write('PUT', rule, { status: 1 })).revision);
    const namespace = `/api/v1/namespaces/${tenant.namespaceId}`;
    await installation.applied((await admin.write('PUT', namespace, { status: 0 })).revision);
    expect(await ask()).not.toBe(429);
  });
});

describe('counters', () => {
  it('are read and counted up under their documented names, and limits feel it', async () => {
    const tenant = await installation.tenant('counted', [
      {
        rule_name: 'ten',
        rule_type: 'request_limit',
        rule_config: { max_requests_per_minute: 10 },
      },
      {
        rule_name: 'hourly',
        rule_type: 'token_limit',
        rule_config: { max_tokens_per_hour: 100_000 },
      },
    ]);
    const { url } = installation.gateway;
    expect((await chat(url, tenant.headers)).status).toBe(200);
    const [ruleId] = tenant.ruleIds;
    for (const key of [
      'rate_limit:counted:minute',
      'rate_limit%3Acounted%3Aminute',
      `rule:${ruleId}`,
    ]) {
      const read = await admin.call('GET', `/api/v1/counters/${key}`);
      expect(read.status).toBe(200);
      expect(read.body).toMatchObject({
        counter_key: decodeURIComponent(key),
        rule_id: ruleId,
        namespace_id: tenant.namespaceId,
        counter_value: 1,
        windows: [{ measure: 'requests', window_seconds: 60, limit: 10, used: 1, remaining: 9 }],
      });
    }
    const tokens = await eventually('the tokens are settled', async () => {
      const key = `token_limit:${tenant.namespaceId}:hour:current`;
      const { body } = await admin.call('GET', `/api/v1/counters/${key}`);
      return Number(body['counter_value']) > 0 ? body : null;
    });
    expect(tokens).toMatchObject({ windows: [{ window_seconds: 3600, limit: 100_000 }] });
    const path = '/api/v1/counters/rate_limit:counted:minute/increment';
    const added = await admin.call('POST', path, { body: { amount: 8 } });
    expect([added.status, added.body['counter_value']]).toEqual([200, 9]);
    expect((await admin.call('POST', path)).body['counter_value']).toBe(10);
    expect((await chat(url, tenant.headers)).status).toBe(429);
  });

  it.each(['*', 'config:namespace:1', 'rate_limit:nobody:minute', 'rule:999999', '..%2F..%2Fx'])(
    'there is no other key, such as %s',
    async (key) => {
      const read = await admin.call('GET', `/api/v1/counters/${key}`);
      const written = await admin.call('POST', `/api/v1/counters/${key}/increment`);
      expect([read.status, written.status]).toEqual([404, 404]);
    },
  );

  it('never go down', async () => {
    const path = '/api/v1/counters/rate_limit:counted:minute/increment';
    const answer = await admin.call('POST', path, { body: { amount: -1 } });
    expect([answer.status, pathOf(answer)]).toEqual([422, 'amount']);
  });
});

describe('refusals', () => {
  const POST = ['POST', '/api/v1/namespaces'] as const;

  it('401 on every documented route without a credential or with a forged one', async () => {
    const { body } = await admin.call('GET', '/docs-json');
    const forged = new AdminClient(
      admin.url,
      `eyJhbGciOiJub25lIn0.${Buffer.from('{"sub":"1"}').toString('base64url')}.`,
    );
    const open = new Set(['/api/v1/auth/login', '/api/v1/auth/refresh', '/health']);
    const paths = Object.entries(body['paths'] as Record<string, Record<string, unknown>>);
    expect(paths.length).toBeGreaterThan(20);
    for (const [path, operations] of paths.filter(([path]) => !open.has(path))) {
      const real = path.replaceAll(/\{\w+\}/g, '1');
      for (const method of Object.keys(operations).map((name) => name.toUpperCase())) {
        for (const client of [anonymous, forged]) {
          const { status } = await client.call(method, real);
          expect(status, `${method} ${path}`).toBe(401);
        }
      }
    }
    expect((await anonymous.call('GET', '/api/v1/unknown')).status).toBe(401);
  });

  it('403 where the role does not permit it', async () => {
    const password = 'a password of a user';
    for (const role of ['auditor', 'operator']) {
      const user = { username: role, password, role };
      await admin.write('POST', '/api/v1/users', user);
    }
    const auditor = await anonymous.login('auditor', password);
    const operator = await anonymous.login('operator', password);
    expect((await auditor.call('GET', '/api/v1/namespaces')).status).toBe(200);
    const body = { namespace_code: 'forbidden', namespace_name: 'x' };
    for (const client of [auditor, operator]) {
      const refused = await client.call(...POST, { body });
      expect([refused.status, codeOf(refused)]).toEqual([403, 'FORBIDDEN']);
    }
    expect((await auditor.call('POST', '/sync')).status).toBe(403);
    expect((await operator.call('POST', '/api/v1/counters/rule:999999/increment')).status).toBe(
      404,
    );
  });

  it.each([
    ['malformed JSON', '{', 400, 'INVALID_JSON'],
    ['a missing field', { namespace_code: 'x' }, 400, 'VALIDATION_FAILED'],
    [
      'an unknown field',
      { namespace_code: 'x', namespace_name: 'x', namespace_id: 1 },
      400,
      'VALIDATION_FAILED',
    ],
    ['a code that exists', { namespace_code: 'wechat', namespace_name: 'x' }, 409, 'CONFLICT'],
    [
      'a value out of range',
      { namespace_code: 'x', namespace_name: 'x', status: 2 },
      422,
      'UNPROCESSABLE',
    ],
  ])('%s', async (_name, body, status, code) => {
    const answer = await admin.call(...POST, { body });
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    expect(answer.body).toMatchObject({
      message: expect.stringMatching(/./),
      request_id: answer.headers.get('x-request-id'),
    });
  });

  it('428 without If-Match, 412 with a stale one, 409 for what is in use', async () => {
    const path = await newNamespace('guarded');
    await admin.write('POST', `${path}/rules`, {
      rule_name: 'r',
      rule_type: 'connection_limit',
      rule_config: { max_connections: 1 },
    });
    const body = { namespace_name: 'new' };
    const statuses = [
      await admin.call('PUT', path, { body }),
      await admin.call('DELETE', path),
      await admin.call('PUT', path, { body, ifMatch: '"9"' }),
      await admin.call('DELETE', path, { ifMatch: '"9"' }),
      await admin.call('DELETE', path, { ifMatch: '"1"' }),
      await admin.call('DELETE', `${path}?cascade=true`, { ifMatch: '"1"' }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([428, 428, 412, 412, 409, 204]);
  });

  it('422 with the path of the field for a rule that cannot work', async () => {
    const path = await newNamespace('unworkable');
    const rule = (rule_config: object) =>
      admin.call('POST', `${path}/rules`, {
        body: { rule_name: 'r', rule_type: 'request_limit', rule_config },
      });
    const answer = await rule({ max_requests_per_minute: '100' });
    expect([answer.status, pathOf(answer)]).toEqual([422, 'rule_config.max_requests_per_minute']);
    const regex = await admin.call('POST', `${path}/matchers`, {
      body: {
        matcher_name: 'm',
        matcher_type: 'header',
        match_field: 'x',
        match_operator: 'regex',
        match_value: '(a)\\1',
      },
    });
    expect([regex.status, codeOf(regex)]).toEqual([422, 'UNSUPPORTED_REGEX']);
  });
});

describe('the system endpoints', () => {
  it('/docs shows a page, /docs-json lists every route', async () => {
    expect((await admin.call<string>('GET', '/docs')).body).toContain('swagger-ui');
    const { body } = await admin.call('GET', '/docs-json');
    const paths = body['paths'] as Record<string, Record<string, unknown>>;
    const listed = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const crud = (list: string, one: string): string[] => [
      `GET ${list}`,
      `POST ${list}`,
      `GET ${one}`,
      `PUT ${one}`,
      `DELETE ${one}`,
    ];
    expect(listed).toEqual(
      expect.arrayContaining([
        ...crud('/api/v1/namespaces', '/api/v1/namespaces/{namespace_id}'),
        ...crud('/api/v1/namespaces/{namespace_id}/matchers', '/api/v1/matchers/{matcher_id}'),
        ...crud('/api/v1/namespaces/{namespace_id}/rules', '/api/v1/rules/{rule_id}'),
        ...crud('/api/v1/upstreams', '/api/v1/upstreams/{upstream_id}'),
        ...crud('/api/v1/upstreams/{upstream_id}/targets', '/api/v1/targets/{target_id}'),
        ...crud('/api/v1/models', '/api/v1/models/{model_id}'),
        ...crud('/api/v1/routes', '/api/v1/routes/{route_id}'),
        ...crud('/api/v1/api-keys', '/api/v1/api-keys/{key_id}'),
        'GET /api/v1/counters/{counter_key}',
        'POST /api/v1/counters/{counter_key}/increment',
        'POST /api/v1/auth/login',
        'POST /api/v1/auth/refresh',
        'POST /api/v1/auth/logout',
        'GET /api/v1/auth/me',
        'GET /health',
        'GET /stats',
        'POST /sync',
      ]),
    );
  });

  it('/health tells strangers the status, others the stores', async () => {
    expect((await anonymous.call('GET', '/health')).body).toEqual({ status: 'healthy' });
    expect((await admin.call('GET', '/health')).body).toEqual({
      status: 'healthy',
      storage: { redis: 'healthy', mysql: 'healthy' },
      database: 'mysql',
    });
    expect((await anonymous.call('GET', '/livez')).status).toBe(200);
    expect((await anonymous.call('GET', '/readyz')).status).toBe(200);
  });

  it('/stats shows sizes, hit rate, revision and that both stores agree; /sync makes them agree', async () => {
    await redis.flushall();
    const synced = await admin.call('POST', '/sync');
    expect(synced.body).toMatchObject({ status: 'ok', redis: 'healthy' });
    const { body } = await admin.call('GET', '/stats');
    expect(body).toMatchObject({
      epoch: synced.body['epoch'],
      revision: synced.body['revision'],
      redis_agrees: true,
      cache_hit_rate: expect.any(Number),
      database: { kind: 'mysql', sizes: { namespace: expect.any(Number), model: 4 } },
      redis: { revision: synced.body['revision'], used_memory_bytes: expect.any(Number) },
    });
  });

  it('the copy in Redis has the documented keys and times to live', async () => {
    const { namespaceId } = await admin.createTenant('copied', [
      {
        rule_name: 'r',
        rule_type: 'request_limit',
        rule_config: { max_requests_per_minute: 100 },
      },
    ]);
    const key = `config:rules:${namespaceId}`;
    const rules = await eventually('the copy is written', async () => {
      const text = await redis.get(key);
      return text === null || text === '[]' ? null : (JSON.parse(text) as Resource[]);
    });
    expect(rules).toEqual([
      expect.objectContaining({
        namespace_id: namespaceId,
        rule_name: 'r',
        rule_type: 'request_limit',
        rule_config: '{"max_requests_per_minute":100}',
        priority: 100,
      }),
    ]);
    const parsed = async (name: string): Promise<unknown> =>
      JSON.parse((await redis.get(name)) ?? '');
    expect(await parsed(`config:namespace:${namespaceId}`)).toMatchObject({
      namespace_id: namespaceId,
      namespace_code: 'copied',
      namespace_name: 'copied',
      status: 1,
    });
    expect(await parsed(`config:matchers:${namespaceId}`)).toMatchObject([
      { match_field: 'x-tenant', match_operator: 'equals', match_value: 'copied' },
    ]);
    for (const kind of ['namespace', 'matchers', 'rules']) {
      const ttl = await redis.ttl(`config:${kind}:${namespaceId}`);
      expect(ttl).toBeGreaterThan(3500);
      expect(ttl).toBeLessThanOrEqual(3600);
    }
  });
});
