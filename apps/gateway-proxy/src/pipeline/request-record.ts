/** The terminal record of a request, together with what only the log carries. */
import { CLIENT_ERRORS, type UsageRecord } from '@ai-gateway/contracts';
import type { RequestContext } from './request-context.js';
import type { SettledTokens } from './settled-tokens.js';

export interface RequestRecord extends UsageRecord {
  readonly method: string;
  readonly path: string;
  readonly client_ip: string;
}

/** @param endedAt on the clock of `performance.now()` */
export function requestRecord(
  ctx: RequestContext,
  tokens: SettledTokens,
  instance: string,
  endedAt: number,
): RequestRecord {
  const durationMs = endedAt - ctx.startedAt;
  return {
    request_id: ctx.requestId,
    instance,
    revision: ctx.table.revision,
    started_at: new Date(Date.now() - durationMs).toISOString(),
    duration_ms: rounded(durationMs),
    first_byte_ms: ctx.firstByteAt === 0 ? null : rounded(ctx.firstByteAt - ctx.startedAt),
    namespace_id: ctx.namespace?.id ?? null,
    api_key_id: ctx.principal?.id ?? null,
    route_id: ctx.destination?.routeId ?? null,
    surface: ctx.surface?.name ?? null,
    model: ctx.destination?.model?.name ?? null,
    upstream_id: ctx.destination?.upstream.id ?? null,
    target_id: ctx.target?.id ?? null,
    streamed: ctx.metering?.isSse ?? false,
    status_code: ctx.statusCode,
    error_code: ctx.refusal === null ? null : CLIENT_ERRORS[ctx.refusal.reason].code,
    end_state: ctx.endState,
    input_tokens: tokens.input,
    output_tokens: tokens.output,
    cached_input_tokens: tokens.cachedInput,
    reasoning_tokens: tokens.reasoning,
    token_source: tokens.source,
    count_method: ctx.countedInput?.method ?? null,
    method: ctx.method,
    path: ctx.rawPath,
    client_ip: ctx.clientAddress,
  };
}

const rounded = (milliseconds: number): number => Math.round(milliseconds * 100) / 100;
