/** The header fields the gateway itself puts on answers, as flat name/value arrays. */
import type { LimitState } from '@ai-gateway/admission';
import type { Gateway } from './gateway.js';
import type { RequestContext } from './request-context.js';

const NO_RETRY_AFTER_MS = 60_000;

/** Fields of every answer, whatever its outcome. */
export function gatewayHeaders(ctx: RequestContext, gateway: Gateway): string[] {
  const headers = [
    'x-request-id',
    ctx.requestId,
    'x-gateway-revision',
    ctx.table.revisionText,
    'x-gateway-instance',
    gateway.instanceId,
  ];
  if (ctx.surface?.protocol === 'anthropic') headers.push('request-id', ctx.requestId);
  addLimits(headers, ctx);
  if (ctx.table.settings.exposeDecision) addDecision(headers, ctx);
  return headers;
}

function addLimits(headers: string[], ctx: RequestContext): void {
  const { decision } = ctx;
  if (decision === null) return;
  if (decision.requests !== null) addLimit(headers, 'requests', decision.requests);
  if (decision.tokens !== null) addLimit(headers, 'tokens', decision.tokens);
  if (decision.degraded) headers.push('x-gateway-degraded', 'limits');
}

/** OpenAI's names. Source: OpenAI API reference, "Rate limits", headers. */
function addLimit(headers: string[], kind: 'requests' | 'tokens', state: LimitState): void {
  headers.push(
    `x-ratelimit-limit-${kind}`,
    String(state.limit),
    `x-ratelimit-remaining-${kind}`,
    String(state.remaining),
    `x-ratelimit-reset-${kind}`,
    durationText(state.resetMs),
  );
}

function addDecision(headers: string[], ctx: RequestContext): void {
  if (ctx.namespace !== null) headers.push('x-gateway-namespace', ctx.namespace.code);
  if (ctx.destination !== null) headers.push('x-gateway-upstream', ctx.destination.upstream.code);
}

/** Official SDKs retry 429 by themselves, so a far reset must tell them not to. */
export function retryHeaders(retryAfterMs: number): string[] {
  const headers = ['retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1000)))];
  if (retryAfterMs > NO_RETRY_AFTER_MS) headers.push('x-should-retry', 'false');
  return headers;
}

/** `1s`, `6m0s`, `2h0m0s`; never `0s` for something still to wait for. */
export function durationText(milliseconds: number): string {
  const total = Math.ceil(milliseconds / 1000);
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const seconds = total % 60;
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
