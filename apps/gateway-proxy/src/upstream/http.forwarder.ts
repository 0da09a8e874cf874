/**
 * Requests to models and plain services through `undici` dispatch with a handler class per
 * exchange: the cheapest way to an upstream in Node (measured against http.request, http-proxy and
 * fetch, see docs/adr).
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { CompiledTarget } from '@ai-gateway/gateway-engine';
import type { Dispatcher } from 'undici';
import { MODEL_ANSWERS, SERVICE_ANSWERS } from '../pipeline/answer-policy.js';
import type { Gateway } from '../pipeline/gateway.js';
import { refuse, type Refusal } from '../pipeline/refusal.js';
import type { RequestContext } from '../pipeline/request-context.js';
import { ResponseRelay } from '../pipeline/relay.step.js';
import type { CredentialOpener } from './credential-opener.js';
import type { ExchangeResult, Forwarder } from './forwarder.port.js';
import { bodyForTarget } from './request-body.js';
import { llmRequestHeaders, type HeaderAllowlist } from './request-headers.js';
import { serviceRequestHeaders } from './service-headers.js';
import type { TargetPools } from './target-pools.js';
import { failureReason, wasNeverSent } from './upstream-failure.js';

const MAX_INFORMATIONAL = 10;
/** A client that reads nothing for this long is given up. */
const WRITE_IDLE_MS = 60_000;

export interface HttpForwarderOptions {
  pools: TargetPools;
  credentials: CredentialOpener;
  allowlist: HeaderAllowlist;
}

export class HttpForwarder implements Forwarder {
  constructor(
    private readonly gateway: () => Gateway,
    private readonly options: HttpForwarderOptions,
  ) {}

  exchange(ctx: RequestContext, target: CompiledTarget): Promise<ExchangeResult> {
    const { destination } = ctx;
    if (destination === null) throw new Error('exchange without destination');
    const isService = destination.upstream.protocol === 'http';
    const credential = this.options.credentials.credentialOf(target);
    const relay = isService
      ? new ResponseRelay(ctx, this.gateway(), SERVICE_ANSWERS, null)
      : new ResponseRelay(ctx, this.gateway(), MODEL_ANSWERS, credential);
    const exchange = new HttpExchange(ctx, relay);
    this.options.pools.poolFor(target, destination.timeouts.connectMs).dispatch(
      {
        method: ctx.method,
        path: target.basePath + destination.path,
        headers: isService
          ? serviceRequestHeaders(ctx, credential)
          : llmRequestHeaders(ctx, credential, this.options.allowlist),
        body: isService ? ctx.bodyBytes : bodyForTarget(ctx, target),
        headersTimeout: destination.timeouts.firstByteMs,
        bodyTimeout: destination.timeouts.idleMs,
      },
      exchange,
    );
    return exchange.done;
  }

  close(): Promise<void> {
    return this.options.pools.close();
  }
}

class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError';
}

class HttpExchange implements Dispatcher.DispatchHandler {
  readonly done: Promise<ExchangeResult>;
  private resolve!: (result: ExchangeResult) => void;
  private controller: Dispatcher.DispatchController | null = null;
  private headers: IncomingHttpHeaders = {};
  private started = false;
  private informational = 0;
  private refusal: Refusal | null = null;
  private writeIdleTimer: NodeJS.Timeout | null = null;

  constructor(
    private readonly ctx: RequestContext,
    private readonly relay: ResponseRelay,
  ) {
    this.done = new Promise((resolve) => (this.resolve = resolve));
    ctx.res.on('close', this.onClientClose);
    ctx.res.on('drain', this.onDrain);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.ctx.clientGone) controller.abort(new ClientGoneError());
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) {
      this.informational += 1;
      if (this.informational > MAX_INFORMATIONAL) this.abortWith(refuse('upstream_protocol_error'));
      return;
    }
    this.headers = headers;
    this.refusal = this.relay.start(status, headers);
    if (this.refusal !== null) controller.abort(new Error(this.refusal.reason));
    else this.started = true;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.relay.data(chunk)) return;
    controller.pause();
    this.writeIdleTimer ??= setTimeout(this.onWriteIdle, WRITE_IDLE_MS);
  }

  onResponseEnd(): void {
    this.relay.end(this.headers);
    this.finish({ endState: 'complete_reported', refusal: null });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.ctx.clientGone) return this.finish({ endState: 'client_gone', refusal: null });
    if (this.refusal !== null)
      return this.finish({ endState: 'upstream_error', refusal: this.refusal });
    const refusal = refuse(failureReason(error));
    if (wasNeverSent(error)) return this.finish({ endState: 'never_sent', refusal });
    this.finish({ endState: this.started ? 'upstream_error' : 'sent_no_byte', refusal });
  }

  private abortWith(refusal: Refusal): void {
    this.refusal = refusal;
    this.controller?.abort(new Error(refusal.reason));
  }

  private readonly onClientClose = (): void => {
    if (this.ctx.res.writableFinished) return;
    this.ctx.clientGone = true;
    this.controller?.abort(new ClientGoneError());
  };

  private readonly onDrain = (): void => {
    if (this.writeIdleTimer !== null) clearTimeout(this.writeIdleTimer);
    this.writeIdleTimer = null;
    this.controller?.resume();
  };

  private readonly onWriteIdle = (): void => {
    this.ctx.res.destroy();
  };

  private finish(result: ExchangeResult): void {
    if (this.writeIdleTimer !== null) clearTimeout(this.writeIdleTimer);
    this.ctx.res.off('close', this.onClientClose).off('drain', this.onDrain);
    this.resolve(result);
  }
}
