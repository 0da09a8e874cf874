/** Export and import of the whole configuration; run on every database. */
import {
  CONFIG_DOCUMENT_FORMAT,
  type AdminErrorBody,
  type ConfigDocument,
  type ImportReport,
} from '@ai-gateway/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TestApp, testSettings } from '../../admin-api-client.contract.js';
import { ChangeLog } from '../../platform/revisions/change-log.js';
import type { Settings } from '../../settings.js';

const CREDENTIAL = 'sk-canary-0123456789';

const YAML = `
format: ai-gateway/config/v1
upstreams:
  - upstream_code: openai
    upstream_name: OpenAI
    targets:
      - url: https://a.example/v1
        credential: ${CREDENTIAL}
      - url: https://b.example/v1
      - url: https://b.example/v1
        weight: 7
namespaces:
  - namespace_code: demo
    namespace_name: 渠道 🚀
    policies: [free, paid]
    is_default: true
    labels: {team: search}
    matchers:
      - matcher_name: by header
        matcher_type: header
        match_field: x-channel
        match_operator: equals
        match_value: $0.namespace_id
    rules:
      - rule_name: twice
        rule_type: connection_limit
        rule_config: {max_connections: 5}
      - rule_name: twice
        rule_type: request_limit
        rule_config: {max_requests_per_minute: 60}
models:
  - model_name: gpt
    aliases: [gpt-latest]
    upstream: openai
  - model_name: other
    upstream: openai
routes:
  - name: echo
    path: /svc/echo
    upstream: openai
token_rules:
  - rule_name: own model
    model_pattern: acme-*
    encoding: o200k_base
    family: openai-chat
    factor: 1.2
    method: estimate
policies:
  - policy_name: free
    rules:
      - rule_name: few
        rule_type: request_limit
        rule_config: {max_requests_per_minute: 6}
  - policy_name: paid
settings:
  - level: cluster
    values: {log_level: info, drain_ms: 1000}
  - level: group
    level_name: canary
    values: {log_level: debug}
`;
const EMPTY = `format: ${CONFIG_DOCUMENT_FORMAT}\n`;

interface Sent {
  status: number;
  headers: Headers;
  body: ImportReport & AdminErrorBody;
}

export function describeConfigDocuments(
  store: string,
  overrides: () => Promise<Partial<Settings>>,
): void {
  describe(`configuration documents on ${store}`, () => {
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
    afterEach(async () => {
      await send(EMPTY, 'mode=replace');
    });

    const send = async (
      text: string,
      query = '',
      headers: Record<string, string> = {},
    ): Promise<Sent> => {
      const response = await fetch(`${app.url}/api/v1/import?${query}`, {
        method: 'POST',
        headers: { 'content-type': 'application/yaml', ...admin, ...headers },
        body: text,
      });
      const body = (await response.json()) as Sent['body'];
      return { status: response.status, headers: response.headers, body };
    };
    const exported = async (query: string): Promise<string> => {
      const response = await fetch(`${app.url}/api/v1/export?${query}`, { headers: admin });
      expect(response.status).toBe(200);
      return response.text();
    };
    const asDocument = async (query = ''): Promise<ConfigDocument> =>
      JSON.parse(await exported(`format=json&${query}`)) as ConfigDocument;
    const revision = async () => (await app.app.get(ChangeLog).head()).revision;
    const errors = ({ body }: Sent) => body.lines.map(({ line, path }) => [line, path]);

    it('imports what people write, in one revision, and tells the lines', async () => {
      const before = await revision();
      const { status, headers, body } = await send(YAML);
      expect([status, headers.get('x-config-revision')]).toEqual([200, String(before + 1)]);
      expect(body).toMatchObject({
        applied: true,
        revision: before + 1,
        summary: { create: 16, update: 0, delete: 0, unchanged: 0 },
      });
      expect(body.lines.find(({ path }) => path === 'namespaces.0.rules.1')).toEqual({
        line: 28,
        path: 'namespaces.0.rules.1',
        action: 'create',
        resource: 'rule twice',
      });
      const document = await asDocument();
      expect(document.namespaces[0]?.matchers[0]?.match_value).toBe('$0.namespace_id');
      expect(document.models[0]).toMatchObject({ upstream: 'openai', aliases: ['gpt-latest'] });
    });

    it('gives back what was imported: nothing changes, then nor on an empty installation', async () => {
      await send(YAML);
      const before = await revision();
      for (const format of ['yaml', 'json']) {
        const text = await exported(`format=${format}&secrets=sealed`);
        const same = await send(text, 'mode=replace', { 'content-type': `application/${format}` });
        expect(same.body).toMatchObject({
          applied: true,
          revision: before,
          summary: { create: 0, update: 0, delete: 0, unchanged: 16 },
        });
      }
      const text = await exported('secrets=sealed');
      const plain = await exported('');
      const settings = testSettings({ masterKey: app.settings.masterKey });
      const other = await TestApp.start(settings, { guarded: true });
      try {
        const first = app;
        app = other;
        const own = admin;
        admin = await login('admin', 'correct horse battery');
        expect((await send(text)).status).toBe(200);
        expect(await exported('')).toBe(plain);
        const credential = (await asDocument('secrets=sealed')).upstreams[0]?.targets[0]
          ?.credential;
        expect(credential).toMatchObject({ sealed: { hint: '…6789' } });
        app = first;
        admin = own;
      } finally {
        await other.stop();
      }
    });

    it('merges by default and deletes what is missing only when it replaces', async () => {
      await send(YAML);
      const text = YAML.replace('max_connections: 5', 'max_connections: 6')
        .replace(/models:[^]*$/, '')
        .replace('policies: [free, paid]', 'policies: []');
      expect((await send(text)).body.summary).toMatchObject({ update: 2, delete: 0 });
      expect((await asDocument()).models).toHaveLength(2);
      expect((await send(text, 'mode=replace')).body.summary).toMatchObject({ delete: 8 });
      expect(await asDocument()).toMatchObject({ models: [], routes: [], settings: [] });
    });

    it('clears settings that the document no longer says, and keeps the numbers of rules', async () => {
      await send(YAML);
      const rules = async () => {
        const { body } = await app.call<{ items: { rules: object[] }[] }>(
          'GET',
          '/api/v1/policies?policy_name=free',
          { headers: admin },
        );
        return body.items[0]?.rules;
      };
      const before = await rules();
      const text = YAML.replace(', drain_ms: 1000', '').replace(
        'policy_name: free',
        '$&\n    description: x',
      );
      expect((await send(text, 'mode=replace')).body.summary).toMatchObject({
        update: 2,
        unchanged: 14,
      });
      expect((await asDocument()).settings[0]?.values).toEqual({ log_level: 'info' });
      expect(await rules()).toEqual(before);
    });

    it('changes nothing in a dry run', async () => {
      const before = await revision();
      const { body } = await send(YAML, 'dry_run=true');
      expect(body).toMatchObject({ applied: false, revision: null, summary: { create: 16 } });
      expect(await revision()).toBe(before);
    });

    it('keeps credentials that the document leaves out, and shows none', async () => {
      await send(YAML);
      const text = await exported('');
      expect(text).not.toContain('credential');
      expect((await send(text, 'mode=replace')).body.summary.unchanged).toBe(16);
      const sealed = await exported('secrets=sealed');
      expect(sealed).not.toContain(CREDENTIAL);
      expect((await asDocument('secrets=sealed')).upstreams[0]?.targets[0]).toHaveProperty(
        'credential.sealed',
      );
    });

    it('does not carry a sealed credential to another address', async () => {
      await send(YAML);
      const text = (await exported('secrets=sealed')).replace('//a.example', '//evil.example');
      const answer = await send(text, 'mode=replace');
      expect(answer.status).toBe(422);
      expect(answer.body.lines).toMatchObject([{ path: 'upstreams.0.targets.0.credential' }]);
    });

    it('lets an alias move from one model to another', async () => {
      await send(YAML);
      const text = YAML.replace('\n    aliases: [gpt-latest]', '').replace(
        'model_name: other',
        'model_name: other\n    aliases: [gpt-latest]',
      );
      const moved = await send(text, 'mode=replace');
      expect(moved.body.summary).toMatchObject({ update: 2, unchanged: 14 });
    });

    describe('refuses, with the line, and applies nothing of', () => {
      const model = '  - {model_name: m, upstream: nowhere}\n';
      it.each<[string, string, number, string, number | null, string]>([
        ['no document', 'hello', 400, 'VALIDATION_FAILED', 1, ''],
        ['broken YAML', 'format: [', 400, 'VALIDATION_FAILED', 1, ''],
        ['another format', 'format: v0\n', 400, 'VALIDATION_FAILED', 1, 'format'],
        ['an unknown field', `${EMPTY}tenants: []\n`, 400, 'VALIDATION_FAILED', 2, 'tenants'],
        [
          'a repeated key',
          `${EMPTY}models: []\nmodels: []\n`,
          400,
          'VALIDATION_FAILED',
          3,
          'models',
        ],
        ['a type tag', `format: !!binary aGk=\n`, 400, 'VALIDATION_FAILED', 1, ''],
        [
          'a name that is there twice',
          `${EMPTY}upstreams:\n  - {upstream_code: a, upstream_name: a}\n  - {upstream_code: a, upstream_name: b}\n`,
          400,
          'VALIDATION_FAILED',
          4,
          'upstreams.1',
        ],
        [
          'a reference to nothing',
          `${EMPTY}models:\n${model}`,
          422,
          'UNPROCESSABLE',
          3,
          'models.0.upstream',
        ],
        [
          'a forbidden address',
          `${EMPTY}upstreams:\n  - upstream_code: a\n    upstream_name: a\n    targets:\n      - url: http://169.254.169.254/\n`,
          422,
          'ADDRESS_NOT_ALLOWED',
          6,
          'upstreams.0.targets.0',
        ],
      ])('%s', async (...[, text, status, code, line, path]) => {
        const before = await revision();
        const answer = await send(text);
        expect([answer.status, answer.body.code]).toEqual([status, code]);
        expect(answer.body).toMatchObject({ applied: false, revision: null });
        expect(errors(answer)[0]).toEqual([line, path]);
        expect(answer.body.lines[0]?.error).toBeTruthy();
        expect(await revision()).toBe(before);
      });

      it('a document half of which is invalid, naming every problem', async () => {
        const half = Array.from({ length: 20 }, (_, index) =>
          index % 2 === 0
            ? `  - {namespace_code: n${index}, namespace_name: n}\n`
            : `  - {namespace_code: "n ${index}", namespace_name: n}\n`,
        ).join('');
        const answer = await send(`${EMPTY}namespaces:\n${half}`);
        expect(errors(answer)).toHaveLength(10);
        expect(errors(answer)[9]).toEqual([22, 'namespaces.19.namespace_code']);
        expect((await asDocument()).namespaces).toEqual([]);
      });

      it('a document with several writes that are refused, naming each', async () => {
        const matcher = (value: string) =>
          `      - {matcher_name: m, matcher_type: header, match_field: x, match_operator: regex, match_value: "${value}"}\n`;
        const text = `${EMPTY}namespaces:\n  - namespace_code: a\n    namespace_name: a\n    matchers:\n${matcher('(')}${matcher('a+')}${matcher('[')}`;
        const answer = await send(text);
        expect(errors(answer)).toEqual([
          [6, 'namespaces.0.matchers.0'],
          [8, 'namespaces.0.matchers.2'],
        ]);
      });

      it('an alias bomb', async () => {
        const levels = Array.from({ length: 12 }, (_, index) => {
          const inner = index === 0 ? 'x' : `*a${index - 1}`;
          return `a${index}: &a${index} [${Array(10).fill(inner).join(', ')}]\n`;
        });
        const answer = await send(levels.join(''));
        expect([answer.status, answer.body.lines[0]?.error]).toEqual([400, 'has too many aliases']);
      });

      it('a document nested without end', async () => {
        expect((await send('['.repeat(100_000))).status).toBe(400);
        const json = { 'content-type': 'application/json' };
        const text = `{"format":${'['.repeat(50)}${']'.repeat(50)}}`;
        expect((await send(text, '', json)).body.lines[0]?.error).toMatch(/nested deeper/);
      });

      it('50 MB, something compressed and a form', async () => {
        expect((await send('x'.repeat(50 * 1024 * 1024))).status).toBe(413);
        expect((await send(EMPTY, '', { 'content-encoding': 'gzip' })).status).toBe(415);
        expect((await send(EMPTY, '', { 'content-type': 'text/plain' })).status).toBe(415);
      });

      it('JSON that only YAML would take', async () => {
        const answer = await send(EMPTY, '', { 'content-type': 'application/json' });
        expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
      });
    });

    it('gives sealed secrets only to who may import', async () => {
      const password = 'a long enough phrase';
      const user = { username: `auditor-${store.toLowerCase()}`, role: 'auditor', password };
      await app.call('POST', '/api/v1/users', { body: user, headers: admin });
      const headers = await login(user.username, password);
      const status = async (path: string) =>
        (await fetch(`${app.url}/api/v1/${path}`, { headers })).status;
      expect(await status('export')).toBe(200);
      expect(await status('export?secrets=sealed')).toBe(403);
      expect((await send(EMPTY, '', headers)).status).toBe(403);
      const refused = `audit?actor_name=${user.username}&outcome=FORBIDDEN`;
      const { body: trail } = await app.call('GET', `/api/v1/${refused}`, { headers: admin });
      expect(trail['items']).toMatchObject([{ object_type: 'import' }, { object_type: 'export' }]);
    });
  });
}
