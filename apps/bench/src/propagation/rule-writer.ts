/** An administrator who changes one rule again and again. */

export interface WrittenRevision {
  revision: number;
  /** When the answer of the write was there, epoch ms. */
  answeredAtMs: number;
}

export class RuleWriter {
  private limit = 1_000_000;

  private constructor(
    private readonly url: string,
    private readonly token: string,
    private rulePath: string,
  ) {}

  static async signIn(url: string, password: string): Promise<RuleWriter> {
    const anonymous = new RuleWriter(url, '', '');
    const login = { username: 'admin', password };
    const { body } = await anonymous.send('POST', '/api/v1/auth/login', login);
    const writer = new RuleWriter(url, String(body['access_token']), '');
    await writer.createRule();
    return writer;
  }

  async changeRule(): Promise<WrittenRevision> {
    this.limit += 1;
    const { revision } = await this.send('PUT', this.rulePath, {
      rule_config: { max_requests_per_minute: this.limit },
    });
    return { revision, answeredAtMs: Date.now() };
  }

  private async createRule(): Promise<void> {
    const namespace = await this.send('POST', '/api/v1/namespaces', {
      namespace_code: 'propagation',
      namespace_name: 'propagation',
    });
    const path = `/api/v1/namespaces/${String(namespace.body['namespace_id'])}/rules`;
    const rule = await this.send('POST', path, {
      rule_name: 'requests',
      rule_type: 'request_limit',
      rule_config: { max_requests_per_minute: this.limit },
    });
    this.rulePath = `/api/v1/rules/${String(rule.body['rule_id'])}`;
  }

  private async send(method: string, path: string, body: object) {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${this.token}`,
        'if-match': '*',
      },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return {
      body: JSON.parse(text) as Record<string, unknown>,
      revision: Number(response.headers.get('x-config-revision')),
    };
  }
}
