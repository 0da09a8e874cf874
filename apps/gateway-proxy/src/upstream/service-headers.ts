/**
 * What a plain service sees of the client's header: everything but credentials, forwarding and
 * hop-by-hop fields, fields with underscores (some servers read `_` as `-`) and gateway names.
 */
import type { RequestContext } from '../pipeline/request-context.js';
import { connectionNamed } from '../pipeline/answer-policy.js';

const HELD: ReadonlySet<string> = new Set([
  'api-key',
  'authorization',
  'connection',
  'content-length',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-api-key',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'x-request-id',
]);

/** Flat name/value array; fields the client sent several times stay several. */
export function serviceRequestHeaders(ctx: RequestContext, credential: string | null): string[] {
  const headers = ['x-request-id', ctx.requestId, 'x-forwarded-for', ctx.clientAddress];
  if (credential !== null) headers.push('authorization', `Bearer ${credential}`);
  const named = connectionNamed(ctx.req.headers);
  const { rawHeaders } = ctx.req;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    if (!isHeld(name) && !named.includes(name)) headers.push(name, rawHeaders[index + 1] ?? '');
  }
  return headers;
}

/** `http-proxy` sends `req.headers` on, so an upgrade's are made in place; all steps are done. */
export function makeUpgradeHeaders(ctx: RequestContext, credential: string | null): void {
  const { connection, upgrade } = ctx.req.headers;
  const flat = serviceRequestHeaders(ctx, credential);
  const headers: Record<string, string> = {};
  for (let index = 0; index < flat.length; index += 2) {
    const name = flat[index] ?? '';
    const value = flat[index + 1] ?? '';
    headers[name] = name in headers ? `${headers[name] ?? ''}, ${value}` : value;
  }
  ctx.req.headers = { ...headers, connection, upgrade };
}

const isHeld = (name: string): boolean =>
  HELD.has(name) || name.includes('_') || name.startsWith('x-gateway-');
