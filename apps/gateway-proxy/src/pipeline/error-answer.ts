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
  const { res } = ctx;
  if (res.destroyed || res.writableEnded) return;
  ctx.refusal = refusal;
  const entry = CLIENT_ERRORS[refusal.reason];
  if (res.headersSent) return breakAnswer(ctx, entry, refusal);
  ctx.statusCode = entry.status;
  const body = Buffer.from(
    JSON.stringify(errorBody(protocolOf(ctx), entry, detailsOf(ctx, refusal))),
    'utf8',
  );
  const uploads = isUploading(ctx);
  if (!ctx.req.complete) res.shouldKeepAlive = false;
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
  if (uploads) linger(ctx, body);
  else res.end(body);
}

/** The client is sending, and would meet a reset instead of the answer if it were cut off. */
const isUploading = ({ req, awaitsContinue, uploadBroken }: RequestContext): boolean =>
  !req.complete && !uploadBroken && !awaitsContinue;

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

/** The whole answer goes out at once; its end, which closes the connection, waits for the upload. */
function linger({ req, res }: RequestContext, body: Buffer): void {
  res.write(body);
  const end = (): void => {
    clearTimeout(timer);
    res.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  req.once('end', end).once('close', end).resume();
}
