/**
 * Step 1: who calls. An API key travels as `Authorization: Bearer`, `x-api-key` or `api-key`; its
 * digest is looked up, so neither the key nor anything built from it reaches a store.
 */
import { hasApiKeyShape } from '@ai-gateway/node-runtime';
import { chooseRoute } from '@ai-gateway/gateway-engine';
import type { Gateway } from './gateway.js';
import { refuse, type Refusal } from './refusal.js';
import type { RequestContext } from './request-context.js';

const CREDENTIAL_HEADERS = ['authorization', 'x-api-key', 'api-key'] as const;
const MAX_CREDENTIAL_CHARS = 512;
const BEARER = /^bearer +(\S+)$/i;

export function identify(ctx: RequestContext, gateway: Gateway): Refusal | null {
  ctx.route = chooseRoute(ctx.table, ctx);
  const credential = readCredential(ctx);
  if (credential === AMBIGUOUS) return refuse('ambiguous_credentials');
  if (credential !== null && gateway.apiKeyDigest !== null && isOurs(credential)) {
    if (gateway.keys.isStale) return refuse('auth_stale', { retryAfterMs: 1000 });
    const key = ctx.table.apiKeys.get(gateway.apiKeyDigest(credential)) ?? null;
    if (key === null || key.expiresAtMs <= gateway.nowMs()) return refuse('invalid_api_key');
    ctx.principal = key;
    return null;
  }
  return allowsAnonymous(ctx, gateway) ? null : refuse('invalid_api_key');
}

const AMBIGUOUS = Symbol('more than one credential');

/** The one credential the request carries; a scheme other than Bearer counts as none. */
function readCredential(ctx: RequestContext): string | null | typeof AMBIGUOUS {
  let found: string | null = null;
  const { rawHeaders } = ctx.req;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    if (!(CREDENTIAL_HEADERS as readonly string[]).includes(name)) continue;
    const value = rawHeaders[index + 1] ?? '';
    const credential = name === 'authorization' ? (BEARER.exec(value)?.[1] ?? '') : value.trim();
    if (found !== null && (found !== credential || isRepeated(ctx, name))) return AMBIGUOUS;
    found = credential;
  }
  return found === '' ? null : found;
}

const isRepeated = (ctx: RequestContext, name: string): boolean =>
  (ctx.req.headersDistinct[name]?.length ?? 0) > 1;

/** SDKs insist on some key; only what was minted here can identify a caller. */
const isOurs = (credential: string): boolean =>
  credential.length <= MAX_CREDENTIAL_CHARS && hasApiKeyShape(credential);

function allowsAnonymous(ctx: RequestContext, gateway: Gateway): boolean {
  if (ctx.route?.kind === 'found') return !ctx.route.route.requiresAuth;
  return gateway.options.allowAnonymous;
}
