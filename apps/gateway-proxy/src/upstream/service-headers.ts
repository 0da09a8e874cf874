/**
 * What a plain service sees of the client's header: everything but credentials, forwarding and
 * hop-by-hop fields, fields with underscores (some servers read `_` as `-`) and gateway names.
 */
import type { RequestContext } from '../pipeline/request-context.js';
import { connectionNamed } from '../pipeline/answer-policy.js';

const HELD: ReadonlySet<string> = new Set([
  'api-key',
  'authorization',
  'cookie',
  'expect',
  'forwarded',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'x-api-key',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
]);
const UPGRADE_ONLY: ReadonlySet<string> = new Set(['connection', 'upgrade']);

/** `http-proxy` copies `req.headers`, and all steps are done with them: they are made in place. */
export function makeServiceHeaders(
  ctx: RequestContext,
  credential: string | null,
  isUpgrade: boolean,
): void {
  const { headers } = ctx.req;
  const named = connectionNamed(headers);
  for (const name of Object.keys(headers)) {
    const isFraming = name === 'transfer-encoding' || name === 'content-length';
    const keep = isUpgrade && UPGRADE_ONLY.has(name);
    if (keep) continue;
    if (isFraming || isHeld(name) || named.includes(name)) Reflect.deleteProperty(headers, name);
  }
  if (ctx.bodyBytes !== null) headers['content-length'] = String(ctx.bodyBytes.length);
  headers['x-request-id'] = ctx.requestId;
  headers['x-forwarded-for'] = ctx.clientAddress;
  if (credential !== null) headers.authorization = `Bearer ${credential}`;
}

const isHeld = (name: string): boolean =>
  HELD.has(name) || UPGRADE_ONLY.has(name) || name.includes('_') || name.startsWith('x-gateway-');
