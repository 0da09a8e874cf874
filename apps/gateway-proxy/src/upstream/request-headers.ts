/**
 * What an LLM upstream may see of the client's header: an allowlist. Credentials, cookies, host,
 * forwarding and hop-by-hop fields never pass; the body's framing is ours.
 */
import type { RequestContext } from '../pipeline/request-context.js';

const ALLOWED = [
  'accept',
  'anthropic-beta',
  'anthropic-version',
  'openai-beta',
  'openai-organization',
  'openai-project',
  'traceparent',
  'tracestate',
  'user-agent',
];
const NEVER: ReadonlySet<string> = new Set([
  'authorization',
  'api-key',
  'connection',
  'content-length',
  'cookie',
  'host',
  'proxy-authorization',
  'transfer-encoding',
  'x-api-key',
]);

export class HeaderAllowlist {
  private readonly names: ReadonlySet<string>;
  private readonly prefixes: readonly string[];

  /** @param further names, or prefixes with a trailing `*`, besides the built-in ones */
  constructor(further: readonly string[]) {
    const wanted = further.map((name) => name.toLowerCase());
    this.names = new Set([...ALLOWED, ...wanted.filter((name) => !name.endsWith('*'))]);
    this.prefixes = wanted.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
  }

  allows(name: string): boolean {
    if (NEVER.has(name)) return false;
    if (this.names.has(name)) return true;
    for (const prefix of this.prefixes) if (name.startsWith(prefix)) return true;
    return false;
  }
}

const DEFAULT_ANTHROPIC_VERSION = '2023-06-01';

/** Flat name/value array for undici; every name at most once. */
export function llmRequestHeaders(
  ctx: RequestContext,
  credential: string | null,
  allowlist: HeaderAllowlist,
): string[] {
  const headers = [
    'content-type',
    'application/json',
    'accept-encoding',
    'identity',
    'x-request-id',
    ctx.requestId,
  ];
  const isAnthropic = ctx.destination?.upstream.protocol === 'anthropic';
  if (credential !== null && isAnthropic) headers.push('x-api-key', credential);
  else if (credential !== null) headers.push('authorization', `Bearer ${credential}`);
  addAllowed(headers, ctx, allowlist);
  if (isAnthropic && ctx.header('anthropic-version') === undefined) {
    headers.push('anthropic-version', DEFAULT_ANTHROPIC_VERSION);
  }
  return headers;
}

function addAllowed(headers: string[], ctx: RequestContext, allowlist: HeaderAllowlist): void {
  const { headers: received } = ctx.req;
  for (const name in received) {
    if (!allowlist.allows(name)) continue;
    const value = received[name];
    if (typeof value === 'string') headers.push(name, value);
  }
}
