/** Who may do what over HTTP, against a whole config-center; run on every database. */
import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ROLES, type Role, type TokenResponse } from '@ai-gateway/contracts';
import {
  createApiKeyDigest,
  createLogger,
  createRegistry,
  hasApiKeyShape,
  type Environment,
} from '@ai-gateway/node-runtime';
import { createApp } from '../../create-app.js';
import { Database } from '../../platform/database/database.js';
import { ChangeLog } from '../../platform/revisions/change-log.js';
import { readSettings, type Settings } from '../../settings.js';
import { mayAccess, resourceOfPath } from './access-matrix.js';
import { routesOf } from './route-table.contract.js';

const PASSWORD = 'correct horse battery';
const SERVICE_CREDENTIAL = 'service-credential-of-the-tests';

interface Answer {
  status: number;
  headers: Headers;
  body: AnswerBody;
}

/** What the tests read of any answer. */
interface AnswerBody extends Partial<TokenResponse> {
  code?: string;
  details?: unknown[];
  user_id?: number;
  namespace_id?: number;
  key_id?: number;
  key?: string;
  items?: { user_id: number; username: string }[];
}

interface AdminApi {
  app: NestExpressApplication;
  settings: Settings;
  call: (
    method: string,
    path: string,
    options?: { token?: string; body?: unknown; headers?: Record<string, string> },
  ) => Promise<Answer>;
  login: (username: string, password?: string) => Promise<TokenResponse>;
  close: () => Promise<void>;
}

async function startAdminApi(env: Environment): Promise<AdminApi> {
  const settings = readSettings({
    GATEWAY_SERVICE_CREDENTIAL: SERVICE_CREDENTIAL,
    BOOTSTRAP_ADMIN_PASSWORD: PASSWORD,
    ...env,
  });
  const logger = createLogger({ name: 'test', level: 'error' });
  const app = await createApp({ settings, logger, registry: createRegistry() });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const call: AdminApi['call'] = async (method, path, { token, body, headers } = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') && text !== '';
    const parsed = (isJson ? JSON.parse(text) : {}) as AnswerBody;
    return { status: response.status, headers: response.headers, body: parsed };
  };
  const login: AdminApi['login'] = async (username, password = PASSWORD) => {
    const answer = await call('POST', '/api/v1/auth/login', { body: { username, password } });
    expect(answer.status).toBe(200);
    return answer.body as TokenResponse;
  };
  return { app, settings, call, login, close: () => app.close() };
}

export function describeAdminAccess(name: string, environment: () => Promise<Environment>): void {
  describe(`admin access on ${name}`, () => {
    let api: AdminApi;
    let admin: string;
    const tokens = new Map<Role, string>();
    let users = 0;

    const createUser = async (role: Role) => {
      users += 1;
      const username = `${role}-${users}`;
      const body = { username, role, password: 'a long enough phrase' };
      const created = await api.call('POST', '/api/v1/users', { token: admin, body });
      expect(created.status).toBe(201);
      return { username, id: Number(created.body.user_id), password: body.password };
    };
    const signedIn = async (role: Role) => {
      const user = await createUser(role);
      return { ...user, ...(await api.login(user.username, user.password)) };
    };
    const statusOfMe = async (token: string) =>
      (await api.call('GET', '/api/v1/auth/me', { token })).status;
    const eventually401 = (token: string) =>
      expect.poll(() => statusOfMe(token), { timeout: 2000, interval: 50 }).toBe(401);

    beforeAll(async () => {
      api = await startAdminApi(await environment());
      admin = (await api.login('admin')).access_token;
      for (const role of ROLES) tokens.set(role, (await signedIn(role)).access_token);
    });
    afterAll(() => api.close());

    it('answers 401 on every route that is not public when there is no valid credential', async () => {
      const open: string[] = [];
      for (const { name, method, pattern, accesses } of routesOf(api.app)) {
        if (accesses[0]?.kind === 'public') continue;
        const path = pattern.replace(/:\w+/g, '1');
        const bare = await api.call(method, path);
        const wrong = await api.call(method, path, { token: 'not.a.token' });
        const codes = [bare.status, bare.body.code, wrong.status, wrong.body.code].join();
        if (codes !== '401,UNAUTHENTICATED,401,INVALID_TOKEN') open.push(`${name}: ${codes}`);
      }
      expect(open).toEqual([]);
      expect((await api.call('GET', '/no/such/path')).status).toBe(401);
      expect((await api.call('GET', '/no/such/path', { token: admin })).status).toBe(404);
    });

    it('gives each role exactly what the matrix says', async () => {
      const wrong: string[] = [];
      for (const { name, method, pattern, accesses } of routesOf(api.app)) {
        const [access] = accesses;
        const resource = resourceOfPath(pattern);
        if (access?.kind !== 'permission' || resource === null) continue;
        if (pattern.endsWith('/logout') || pattern.endsWith('/sync')) continue;
        for (const [role, token] of tokens) {
          // Ids that do not exist, no If-Match, no body: what passes the guard still does nothing.
          const { status } = await api.call(method, pattern.replace(/:\w+/g, '999999'), { token });
          const allowed = mayAccess(role, resource, access.permission);
          if ((status === 403) === allowed) wrong.push(`${name} as ${role}: ${status}`);
        }
      }
      expect(wrong).toEqual([]);
    });

    it('keeps service routes from users and user routes from services', async () => {
      expect((await api.call('GET', '/metrics', { token: admin })).status).toBe(403);
      expect((await api.call('GET', '/metrics', { token: SERVICE_CREDENTIAL })).status).toBe(200);
      const asService = await api.call('GET', '/api/v1/users', { token: SERVICE_CREDENTIAL });
      expect(asService.status).toBe(403);
    });

    it('tells who is signed in', async () => {
      const { access_token: token, id, username } = await signedIn('auditor');
      const { body } = await api.call('GET', '/api/v1/auth/me', { token });
      expect(body).toEqual({ user_id: id, username, roles: ['auditor'], permissions: ['read'] });
    });

    it('ends the session of a refresh token that is used twice', async () => {
      const first = await signedIn('operator');
      const refresh = (refresh_token: string | undefined) =>
        api.call('POST', '/api/v1/auth/refresh', { body: { refresh_token } });
      const second = await refresh(first.refresh_token);
      expect(second.status).toBe(200);
      expect(second.body.refresh_token).not.toBe(first.refresh_token);
      expect((await refresh(first.refresh_token)).status).toBe(401);
      expect((await refresh(second.body.refresh_token)).status).toBe(401);
      await eventually401(second.body.access_token ?? '');
    });

    it('lets one of two refreshes with the same token win', async () => {
      const { refresh_token } = await signedIn('operator');
      const refresh = () => api.call('POST', '/api/v1/auth/refresh', { body: { refresh_token } });
      const answers = await Promise.all([refresh(), refresh()]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
    });

    it('ends a session at logout', async () => {
      const { access_token: token, refresh_token } = await signedIn('operator');
      expect((await api.call('POST', '/api/v1/auth/logout', { token })).status).toBe(204);
      await eventually401(token);
      const again = await api.call('POST', '/api/v1/auth/refresh', { body: { refresh_token } });
      expect(again.status).toBe(401);
    });

    it('keeps the refresh token of the console in a cookie no script reads', async () => {
      const user = await createUser('operator');
      const headers = { 'x-console': '1' };
      const body = { username: user.username, password: user.password };
      const signIn = await api.call('POST', '/api/v1/auth/login', { body, headers });
      expect(signIn.body).not.toHaveProperty('refresh_token');
      const cookie = signIn.headers.get('set-cookie') ?? '';
      expect(cookie).toMatch(
        /^agw_refresh=[^;]+; Path=\/api\/v1\/auth; HttpOnly; Secure; SameSite=Strict; Max-Age=\d+$/,
      );
      const sent = { cookie: cookie.split(';')[0] ?? '' };
      const forged = await api.call('POST', '/api/v1/auth/refresh', { body: {}, headers: sent });
      expect(forged.status).toBe(401);
      const refreshed = await api.call('POST', '/api/v1/auth/refresh', {
        headers: { ...headers, ...sent },
      });
      expect(refreshed.status).toBe(200);
      expect(refreshed.headers.get('set-cookie')).not.toBe(cookie);
      const token = refreshed.body.access_token;
      const out = await api.call('POST', '/api/v1/auth/logout', {
        headers,
        ...(token ? { token } : {}),
      });
      expect(out.headers.get('set-cookie')).toContain('Max-Age=0');
    });

    it('ends what a user has open when the password changes', async () => {
      const { access_token: token, username, password } = await signedIn('operator');
      const change = (new_password: string) =>
        api.call('POST', '/api/v1/auth/password', {
          token,
          body: { old_password: password, new_password },
        });
      expect((await change('short')).status).toBe(400);
      expect((await change(`x${username}x`)).status).toBe(422);
      expect((await change('another fine phrase')).status).toBe(204);
      await eventually401(token);
      await api.login(username, 'another fine phrase');
    });

    it('ends what a user has open when an admin disables, resets or deletes the user', async () => {
      const ends = [
        { method: 'PUT', body: { status: 0 } },
        { method: 'PUT', body: { password: 'another fine phrase' } },
        { method: 'DELETE' },
      ];
      const headers = { 'if-match': '*' };
      for (const { method, body } of ends) {
        const { id, access_token } = await signedIn('operator');
        expect(await statusOfMe(access_token)).toBe(200);
        const options = { token: admin, headers, ...(body ? { body } : {}) };
        expect((await api.call(method, `/api/v1/users/${id}`, options)).status).toBeLessThan(300);
        await eventually401(access_token);
      }
    });

    it('never shows a password and follows the conventions of resources', async () => {
      const { id, username } = await createUser('operator');
      const path = `/api/v1/users/${id}`;
      const put = (version: string | null, body: unknown) =>
        api.call('PUT', path, {
          token: admin,
          body,
          headers: version === null ? {} : { 'if-match': version },
        });
      const read = await api.call('GET', path, { token: admin });
      expect(Object.keys(read.body).sort()).toEqual(
        ['create_time', 'role', 'status', 'update_time', 'user_id', 'username', 'version'].sort(),
      );
      expect(read.headers.get('etag')).toBe('"1"');
      expect((await put(null, { role: 'auditor' })).status).toBe(428);
      expect((await put('"7"', { role: 'auditor' })).status).toBe(412);
      expect((await put('"1"', { user_id: 1 })).status).toBe(400);
      const written = await put('"1"', { role: 'auditor' });
      expect(written.status).toBe(200);
      expect(written.headers.get('etag')).toBe('"2"');
      expect(Number(written.headers.get('x-config-revision'))).toBeGreaterThan(0);
      const twin = { username, role: 'operator', password: 'a long enough phrase' };
      const doubled = await api.call('POST', '/api/v1/users', { token: admin, body: twin });
      expect([doubled.status, doubled.body.code]).toEqual([409, 'CONFLICT']);
      const found = await api.call('GET', `/api/v1/users?username=${username}`, { token: admin });
      expect(found.body).toMatchObject({ total: 1, items: [{ user_id: id, role: 'auditor' }] });
    });

    it('keeps the last active super admin', async () => {
      const supers = await api.call('GET', '/api/v1/users?role=super_admin', { token: admin });
      const headers = { 'if-match': '*' };
      for (const { user_id, username } of supers.body.items ?? []) {
        if (username === 'admin') continue;
        await api.call('DELETE', `/api/v1/users/${user_id}`, { token: admin, headers });
      }
      for (const body of [{ role: 'auditor' }, { status: 0 }]) {
        const answer = await api.call('PUT', '/api/v1/users/1', { token: admin, headers, body });
        expect([answer.status, answer.body.code]).toEqual([409, 'IN_USE']);
      }
      expect((await api.call('DELETE', '/api/v1/users/1', { token: admin, headers })).status).toBe(
        409,
      );
      const other = await createUser('super_admin');
      const both = [1, other.id].map((id) =>
        api.call('PUT', `/api/v1/users/${id}`, { token: admin, headers, body: { status: 0 } }),
      );
      const statuses = (await Promise.all(both)).map(({ status }) => status);
      expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(1);
      const active = await api.app
        .get(Database)
        .dataSource.query("SELECT username FROM users WHERE role = 'super_admin' AND status = 1");
      expect(active).toHaveLength(1);
    });

    it('leaves a row for a denied attempt, whatever number it names', async () => {
      const user = await signedIn('auditor');
      const path = '/api/v1/users/99999999999';
      const headers = { 'if-match': '*' };
      const denied = await api.call('DELETE', path, { token: user.access_token, headers });
      expect(denied.status).toBe(403);
      const query = `actor_id=${user.id}&outcome=FORBIDDEN`;
      const { body } = await api.call('GET', `/api/v1/audit?${query}`, { token: admin });
      expect(body.items).toMatchObject([{ action: 'delete', object_type: 'users' }]);
    });

    it('shows an API key once and publishes only its digest', async () => {
      const token = tokens.get('ns_admin') ?? '';
      const body = { key_name: 'app', expires_at: '2099-01-01T00:00:00.000Z' };
      const created = await api.call('POST', '/api/v1/api-keys', { token, body });
      expect(created.status).toBe(201);
      const key = created.body.key ?? '';
      const id = Number(created.body.key_id);
      expect(hasApiKeyShape(key)).toBe(true);
      expect(created.headers.get('location')).toBe(`/api/v1/api-keys/${id}`);
      const read = await api.call('GET', `/api/v1/api-keys/${id}`, { token });
      expect(read.body).toMatchObject({
        ...body,
        namespace_id: null,
        hint: `agw_…${key.slice(-4)}`,
      });
      expect(read.body).not.toHaveProperty('key');
      expect(read.body).not.toHaveProperty('digest');
      const digest = createApiKeyDigest(api.settings.masterKey)(key);
      const feed = await api.app.get(ChangeLog).feedSince(null);
      const change = feed.changes.find((entry) => entry.kind === 'api_key' && entry.id === id);
      expect(change?.value).toEqual({ key_id: id, ...body, namespace_id: null, status: 1, digest });
      expect(JSON.stringify(feed)).not.toContain(key);
    });

    it('takes the API keys of a namespace along when it goes', async () => {
      const token = admin;
      const space = { namespace_code: 'short-lived', namespace_name: 'Short-lived' };
      const namespace = await api.call('POST', '/api/v1/namespaces', { token, body: space });
      const { namespace_id } = namespace.body;
      const body = { key_name: 'bound', namespace_id };
      const created = await api.call('POST', '/api/v1/api-keys', { token, body });
      const path = `/api/v1/namespaces/${String(namespace_id)}`;
      const headers = { 'if-match': '*' };
      expect((await api.call('DELETE', path, { token, headers })).body).toMatchObject({
        code: 'IN_USE',
        details: [{ path: 'api_keys' }],
      });
      const gone = await api.call('DELETE', `${path}?cascade=true`, { token, headers });
      expect(gone.status).toBe(204);
      const revision = Number(gone.headers.get('x-config-revision'));
      expect(await api.app.get(ChangeLog).changesOf(revision)).toContainEqual(
        expect.objectContaining({ kind: 'api_key', id: created.body.key_id, value: null }),
      );
    });

    it('changes and deletes API keys through revisions', async () => {
      const token = tokens.get('ns_admin') ?? '';
      const created = await api.call('POST', '/api/v1/api-keys', {
        token,
        body: { key_name: 'b' },
      });
      const path = `/api/v1/api-keys/${String(created.body.key_id)}`;
      const nowhere = { token, body: { namespace_id: 424242 }, headers: { 'if-match': '*' } };
      expect((await api.call('PUT', path, nowhere)).status).toBe(422);
      const off = { token, body: { status: 0 }, headers: { 'if-match': '"1"' } };
      const updated = await api.call('PUT', path, off);
      expect(updated.body).toMatchObject({ key_name: 'b', status: 0, version: 2 });
      const revision = Number(updated.headers.get('x-config-revision'));
      expect(await api.app.get(ChangeLog).changesOf(revision)).toMatchObject([
        { kind: 'api_key', value: { status: 0 } },
      ]);
      const gone = await api.call('DELETE', path, { token, headers: { 'if-match': '"2"' } });
      expect(gone.status).toBe(204);
      const after = Number(gone.headers.get('x-config-revision'));
      expect(await api.app.get(ChangeLog).changesOf(after)).toMatchObject([{ value: null }]);
      expect((await api.call('GET', path, { token })).status).toBe(404);
    });
  });

  describe(`the first login and wrong ones on ${name}`, () => {
    it('prints one password for two that start together, and it works once they run', async () => {
      const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
      const env = { ...(await environment()), BOOTSTRAP_ADMIN_PASSWORD: undefined };
      const apis = await Promise.all([startAdminApi(env), startAdminApi(env)]);
      const lines = written.mock.calls.map(([line]) => String(line));
      written.mockRestore();
      try {
        const printed = lines.filter((line) => line.startsWith('bootstrap: admin password '));
        expect(printed).toHaveLength(1);
        const password = printed[0]?.split(' ')[3] ?? '';
        for (const api of apis) await api.login('admin', password);
      } finally {
        await Promise.all(apis.map((api) => api.close()));
      }
    });

    it('two config-centers make one first user and know each other’s tokens', async () => {
      const env = await environment();
      const [one, other] = await Promise.all([startAdminApi(env), startAdminApi(env)]);
      try {
        const { access_token: token } = await one.login('admin');
        expect((await other.call('GET', '/api/v1/auth/me', { token })).status).toBe(200);
        await one.call('POST', '/api/v1/auth/logout', { token });
        const status = async () => (await other.call('GET', '/api/v1/auth/me', { token })).status;
        await expect.poll(status, { timeout: 2000, interval: 50 }).toBe(401);
      } finally {
        await Promise.all([one.close(), other.close()]);
      }
    });

    it('answers 503 when the database is away, and stays up', async () => {
      const api = await startAdminApi(await environment());
      try {
        const { access_token: token } = await api.login('admin');
        await api.app.get(Database).close();
        const body = { username: 'admin', password: PASSWORD };
        const login = await api.call('POST', '/api/v1/auth/login', { body });
        const me = await api.call('GET', '/api/v1/auth/me', { token });
        for (const { status, body } of [login, me]) {
          expect([status, body.code]).toEqual([503, 'STORE_UNAVAILABLE']);
        }
        expect((await api.call('GET', '/livez', { token })).status).toBe(200);
      } finally {
        await api.close();
      }
    });

    it('refuses the sixth wrong password at any of them, the same for unknown users', async () => {
      const env = await environment();
      const [one, other] = await Promise.all([startAdminApi(env), startAdminApi(env)]);
      const wrong = (api: AdminApi, username: string) =>
        api.call('POST', '/api/v1/auth/login', { body: { username, password: 'wrong' } });
      try {
        const answers = await Promise.all(
          [one, other, one, other, one].map((api, index) =>
            wrong(api, index % 2 === 0 ? 'admin' : 'nobody'),
          ),
        );
        for (const { status, body } of answers) {
          expect([status, body.code, body.details]).toEqual([401, 'INVALID_LOGIN', []]);
        }
        const sixth = await wrong(other, 'somebody');
        expect([sixth.status, sixth.body.code]).toEqual([429, 'TOO_MANY_ATTEMPTS']);
        expect(Number(sixth.headers.get('retry-after'))).toBeGreaterThan(0);
      } finally {
        await Promise.all([one.close(), other.close()]);
      }
    });
  });
}
