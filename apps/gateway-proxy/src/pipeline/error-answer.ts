/** The one place where a refusal becomes bytes for the client, in the protocol of its surface. */
import { CLIENT_ERRORS, type ClientErrorEntry } from '@ai-gateway/contracts';
import { errorBody, errorEvent, type ErrorDetails, type WireProtocol } from '@ai-gateway/llm-wire';
import type { Gateway } from './gateway.js';
import type { Refusal } from './refusal.js';
import type { RequestContext } from './request-context.js';
import { gatewayHeaders, retryHeaders } from './response-headers.js';

/** How long an unfinished upload is read and dropped, so that the client can read the answer. */
const LINGER_MS = 2000;

export function answerRefusal(ctx: RequestContext, gateway: Gateway, refusal: Refusal): void {
  ctx.refusal = refusal;
  const { res } = ctx;
  if (res.destroyed || res.writableEnded) return;
  const entry = CLIENT_ERRORS[refusal.reason];
  if (res.headersSent) return breakAnswer(ctx, entry, refusal);
  ctx.statusCode = entry.status;
  const body = Buffer.from(
    JSON.stringify(errorBody(protocolOf(ctx), entry, detailsOf(ctx, refusal))),
    'utf8',
  );
  res.writeHead(entry.status, [
    ...gatewayHeaders(ctx, gateway),
    ...(refusal.retryAfterMs === undefined ? [] : retryHeaders(refusal.retryAfterMs)),
    'x-gateway-error',
    entry.code,
    'content-type',
    'application/json',
    'content-length',
    String(body.length),
  ]);
  res.end(body);
  if (!ctx.req.complete) linger(ctx);
}

const protocolOf = (ctx: RequestContext): WireProtocol => ctx.surface?.protocol ?? 'openai';

const detailsOf = (ctx: RequestContext, { message, param, rule }: Refusal): ErrorDetails => ({
  requestId: ctx.requestId,
  message,
  param,
  rule: rule?.name,
});

/** An answer under way can't become an error: SSE says so in band, anything else is cut off. */
function breakAnswer(ctx: RequestContext, entry: ClientErrorEntry, refusal: Refusal): void {
  const isSse = ctx.metering?.isSse === true;
  if (!isSse) {
    ctx.res.destroy();
    return;
  }
  ctx.res.end(errorEvent(protocolOf(ctx), entry, detailsOf(ctx, refusal)));
}

function linger(ctx: RequestContext): void {
  const { req, res } = ctx;
  req.resume();
  const timer = setTimeout(() => req.destroy(), LINGER_MS);
  req.once('close', () => clearTimeout(timer));
  req.once('end', () => clearTimeout(timer));
  res.shouldKeepAlive = false;
}
