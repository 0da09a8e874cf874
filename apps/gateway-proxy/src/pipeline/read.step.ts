/**
 * Step 2: the body, up to the cap. A scanner checks encoding, depth and duplicate routing fields
 * on the bytes; only then it is parsed, once. The original bytes are what is forwarded.
 */
import { CLIENT_ERRORS } from '@ai-gateway/contracts';
import { readJsonBody, readLlmRequest, type JsonRefusal } from '@ai-gateway/llm-wire';
import type { Gateway } from './gateway.js';
import { refuse, type Refusal } from './refusal.js';
import type { RequestContext } from './request-context.js';

export async function readRequest(ctx: RequestContext, gateway: Gateway): Promise<Refusal | null> {
  const { surface } = ctx;
  const takesLlmBody = surface !== null && surface.method === 'POST' && ctx.method === 'POST';
  if (takesLlmBody) {
    const refusal = checkMediaType(ctx);
    if (refusal !== null) return refusal;
  }
  if (announcesBody(ctx)) {
    const refusal = await receiveBody(ctx, gateway);
    if (refusal !== null) return refusal;
  }
  return takesLlmBody ? readLlmBody(ctx) : readServiceBody(ctx);
}

const announcesBody = (ctx: RequestContext): boolean => {
  const length = ctx.req.headers['content-length'];
  return (
    (length !== undefined && length !== '0') || ctx.req.headers['transfer-encoding'] !== undefined
  );
};

const JSON_TYPE = /^application\/(?:[a-z0-9.+-]+\+)?json(?: *; *charset=(?:"?utf-8"?))? *$/i;

function isJson(ctx: RequestContext): boolean {
  return JSON_TYPE.test(ctx.req.headers['content-type'] ?? '');
}

const isEncoded = (ctx: RequestContext): boolean =>
  (ctx.req.headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity';

const checkMediaType = (ctx: RequestContext): Refusal | null =>
  isJson(ctx) && !isEncoded(ctx) ? null : refuse('unsupported_media_type');

async function receiveBody(ctx: RequestContext, gateway: Gateway): Promise<Refusal | null> {
  const { bodyIdleMs } = gateway.options;
  const { maxBodyBytes } = ctx.table.settings;
  if (Number(ctx.req.headers['content-length'] ?? 0) > maxBodyBytes)
    return refuse('body_too_large');
  if (ctx.awaitsContinue) {
    ctx.res.writeContinue();
    ctx.awaitsContinue = false;
  }
  const received = await new BodyReceiver(ctx, maxBodyBytes, bodyIdleMs).done;
  if (!Buffer.isBuffer(received)) return received;
  ctx.bodyBytes = received;
  return null;
}

/** Collects the body within a size cap and an idle time. Resolves to the bytes or a refusal. */
class BodyReceiver {
  readonly done: Promise<Buffer | Refusal>;
  private readonly chunks: Buffer[] = [];
  private size = 0;
  private resolve!: (result: Buffer | Refusal) => void;
  private readonly idleTimer: NodeJS.Timeout;

  constructor(
    private readonly ctx: RequestContext,
    private readonly maxBytes: number,
    idleMs: number,
  ) {
    this.done = new Promise((resolve) => (this.resolve = resolve));
    this.idleTimer = setTimeout(this.onIdle, idleMs);
    ctx.rejectUpload = (refusal) => this.finish(refusal);
    ctx.req.on('data', this.onData).on('end', this.onEnd).on('close', this.onClose);
  }

  private readonly onData = (chunk: Buffer): void => {
    this.size += chunk.length;
    if (this.size > this.maxBytes) return this.finish(refuse('body_too_large'));
    this.chunks.push(chunk);
    if (this.chunks.length > 1) this.idleTimer.refresh();
  };

  private readonly onIdle = (): void => this.finish(refuse('request_timeout'));

  private readonly onEnd = (): void => {
    const [only] = this.chunks;
    const whole = this.chunks.length === 1 && only ? only : Buffer.concat(this.chunks, this.size);
    this.finish(whole);
  };

  private readonly onClose = (): void => {
    if (this.ctx.req.complete) return;
    this.ctx.clientGone = true;
    this.ctx.endState = 'client_gone';
    this.finish(refuse('request_timeout'));
  };

  /** With the listeners left in place, four times as many bytes survived each young collection. */
  private finish(result: Buffer | Refusal): void {
    clearTimeout(this.idleTimer);
    this.ctx.req.off('data', this.onData).off('end', this.onEnd).off('close', this.onClose);
    this.ctx.rejectUpload = null;
    this.resolve(result);
  }
}

function readLlmBody(ctx: RequestContext): Refusal | null {
  const { surface, bodyBytes } = ctx;
  if (surface === null) return null;
  if (bodyBytes === null) return refuse('invalid_json', { message: 'The body is empty.' });
  const refusal = parseBody(ctx, bodyBytes);
  if (refusal !== null) return refusal;
  const read = readLlmRequest(surface, ctx.body);
  if (!read.ok) return refuse(read.refusal.reason, read.refusal);
  ctx.llm = read.request;
  return null;
}

function parseBody(ctx: RequestContext, bytes: Buffer): Refusal | null {
  const read = readJsonBody(bytes, ctx.table.watchedKeys);
  if (!read.ok) return refuse(read.reason, whereOf(read));
  ctx.body = read.value;
  ctx.bodyScan = read.scan;
  return null;
}

/** The position only: what stands there is the client's and is not echoed. */
function whereOf({ reason, position, param }: JsonRefusal): Partial<Refusal> {
  const message = CLIENT_ERRORS[reason].message;
  return {
    ...(param === null ? {} : { param }),
    ...(position === null ? {} : { message: `${message} (at ${position})` }),
  };
}

/** A plain service's JSON is read only if somebody matches by it; what is not JSON has no fields. */
function readServiceBody(ctx: RequestContext): Refusal | null {
  if (ctx.table.routingFields.bodyPaths.size === 0) return null;
  if (ctx.bodyBytes === null || !isJson(ctx) || isEncoded(ctx)) return null;
  const refusal = parseBody(ctx, ctx.bodyBytes);
  return refusal?.reason === 'invalid_json' ? null : refusal;
}
