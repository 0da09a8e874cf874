/**
 * Step 8: the upstream's answer on its way to the client. Bytes pass through untouched; the meter
 * looks at them in passing. Back-pressure is honoured, and a client that stops reading is given up.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { WireProtocol } from '@ai-gateway/llm-wire';
import type { AnswerPolicy } from './answer-policy.js';
import type { Gateway } from './gateway.js';
import { isEncoded, meteringOf } from './metering.js';
import { refuse, type Refusal } from './refusal.js';
import type { RequestContext } from './request-context.js';
import { gatewayHeaders } from './response-headers.js';
import { redactSecrets } from './secret-redaction.js';

const MAX_ERROR_BODY_BYTES = 65_536;

export class ResponseRelay {
  private remainingBytes = -1;
  /** Error answers are held back until they are known to be free of our credential. */
  private errorChunks: Buffer[] | null = null;
  private errorBytes = 0;

  constructor(
    private readonly ctx: RequestContext,
    private readonly gateway: Gateway,
    private readonly policy: AnswerPolicy,
    private readonly credential: string | null,
  ) {}

  /** The upstream's head. A refusal means: abort the upstream and answer this instead. */
  start(status: number, headers: IncomingHttpHeaders): Refusal | null {
    const holdsBack = status >= 400 && this.credential !== null;
    const refusal = this.policy.refusalOf(status);
    if (refusal !== null) return refusal;
    if (holdsBack && isEncoded(headers)) return refuse('upstream_protocol_error');
    const { ctx } = this;
    ctx.statusCode = status;
    ctx.firstByteAt = performance.now();
    if (holdsBack) {
      this.errorChunks = [];
      ctx.metering = meteringOf(meteredProtocol(ctx), status, headers);
      return null;
    }
    this.writeHead(status, headers);
    return null;
  }

  /** @returns false when the upstream must pause until the client has drained */
  data(chunk: Buffer): boolean {
    if (this.errorChunks !== null) return this.holdBack(chunk);
    this.ctx.metering?.onChunk(chunk);
    if (this.remainingBytes < 0) return this.ctx.res.write(chunk);
    this.remainingBytes -= chunk.length;
    if (this.remainingBytes > 0) return this.ctx.res.write(chunk);
    this.ctx.res.end(chunk);
    return true;
  }

  end(headers: IncomingHttpHeaders): void {
    if (this.errorChunks !== null) this.releaseError(headers);
    if (!this.ctx.res.writableEnded) this.ctx.res.end();
  }

  private writeHead(status: number, headers: IncomingHttpHeaders): void {
    const { ctx } = this;
    ctx.metering = meteringOf(meteredProtocol(ctx), status, headers);
    const passed = this.policy.passed(headers);
    const length = headers['content-length'];
    if (length !== undefined) passed.push('content-length', length);
    if (length !== undefined && ctx.method !== 'HEAD') this.remainingBytes = Number(length);
    ctx.res.writeHead(status, [...gatewayHeaders(ctx, this.gateway), ...passed]);
    if (!ctx.metering.isSse) return;
    this.gateway.metrics.openStreams.inc();
    ctx.res.once('close', () => this.gateway.metrics.openStreams.dec());
    ctx.res.flushHeaders();
  }

  private holdBack(chunk: Buffer): boolean {
    this.errorBytes += chunk.length;
    if (this.errorBytes <= MAX_ERROR_BODY_BYTES) this.errorChunks?.push(chunk);
    return true;
  }

  private releaseError(headers: IncomingHttpHeaders): void {
    const { ctx } = this;
    const text = Buffer.concat(this.errorChunks ?? []).toString('utf8');
    const body = Buffer.from(redactSecrets(text, this.credential), 'utf8');
    const length = ['content-length', String(body.length)];
    ctx.res.writeHead(ctx.statusCode, [
      ...gatewayHeaders(ctx, this.gateway),
      ...this.policy.passed(headers),
      ...length,
    ]);
    ctx.res.end(body);
  }
}

const meteredProtocol = (ctx: RequestContext): WireProtocol | null =>
  ctx.llm === null ? null : (ctx.surface?.protocol ?? null);
