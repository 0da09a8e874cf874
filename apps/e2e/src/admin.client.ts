/** Speaks to config-center as an administrator would: JSON over HTTP with a Bearer token. */
export type Resource = Record<string, unknown>;

export interface Answer<Body = Resource> {
  status: number;
  headers: Headers;
  body: Body;
}

export interface CallOptions {
  body?: unknown;
  ifMatch?: string;
  headers?: Record<string, string>;
}

export interface Tenant {
  namespaceId: number;
  ruleIds: number[];
  /** Revision of the last write. */
  revision: number;
  /** What a request of this tenant carries. */
  headers: Record<string, string>;
}

/** The header by which tenants of `createTenant` are recognised. */
const TENANT_HEADER = 'x-tenant';

export class AdminClient {
  constructor(
    readonly url: string,
    private readonly token: string | null = null,
  ) {}

  async login(username: string, password: string): Promise<AdminClient> {
    const { status, body } = await this.call('POST', '/api/v1/auth/login', {
      body: { username, password },
    });
    if (status !== 200) throw new Error(`login answered ${status}: ${JSON.stringify(body)}`);
    return new AdminClient(this.url, String(body['access_token']));
  }

  /** The same person at another config-center. */
  at(url: string): AdminClient {
    return new AdminClient(url, this.token);
  }

  async call<Body = Resource>(
    method: string,
    path: string,
    { body, ifMatch, headers = {} }: CallOptions = {},
  ): Promise<Answer<Body>> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(this.token === null ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : text) as Body,
    };
  }

  /** Rejects unless the write succeeds. Resolves to the resource and the revision it made. */
  async write(
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
  ): Promise<{ resource: Resource; revision: number }> {
    const answer = await this.call(method, path, {
      body,
      ...(method === 'POST' ? {} : { ifMatch: '*' }),
    });
    if (answer.status >= 300) {
      throw new Error(
        `${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`,
      );
    }
    return {
      resource: answer.body,
      revision: Number(answer.headers.get('x-config-revision')),
    };
  }

  /** A namespace, its matcher and its rules. */
  async createTenant(code: string, rules: readonly object[] = []): Promise<Tenant> {
    const namespace = await this.write('POST', '/api/v1/namespaces', {
      namespace_code: code,
      namespace_name: code,
    });
    const namespaceId = Number(namespace.resource['namespace_id']);
    const base = `/api/v1/namespaces/${namespaceId}`;
    let { revision } = await this.write('POST', `${base}/matchers`, {
      matcher_name: `by ${TENANT_HEADER}`,
      matcher_type: 'header',
      match_field: TENANT_HEADER,
      match_operator: 'equals',
      match_value: code,
    });
    const ruleIds: number[] = [];
    for (const rule of rules) {
      const written = await this.write('POST', `${base}/rules`, rule);
      ruleIds.push(Number(written.resource['rule_id']));
      ({ revision } = written);
    }
    return { namespaceId, ruleIds, revision, headers: { [TENANT_HEADER]: code } };
  }
}
