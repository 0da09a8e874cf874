/**
 * Plain services and WebSockets through `http-proxy`, which knows HTTP's corners; dearer per
 * request than dispatch. It sends the request; the answer is relayed by the same relay as all
 * others, because the package's own piping leaves a client hanging when an upstream breaks off.
 */
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import type { CompiledTarget } from '@ai-gateway/gateway-engine';
import { createProxyServer, type ServerOptions } from 'http-proxy';
import { SERVICE_ANSWERS } from '../pipeline/answer-policy.js';
import type { Gateway } from '../pipeline/gateway.js';
import { refuse, type Refusal } from '../pipeline/refusal.js';
import { ResponseRelay } from '../pipeline/relay.step.js';
import type { RequestContext } from '../pipeline/request-context.js';
import type { CredentialOpener } from './credential-opener.js';
import type { ExchangeResult, Upgrade, UpgradeForwarder } from './forwarder.port.js';
import { makeServiceHeaders } from './service-headers.js';
import type { TargetPools } from './target-pools.js';
import { failureReason, wasNeverSent } from './upstream-failure.js';

const MAX_SOCKETS = 1024;

export class ServiceForwarder implements UpgradeForwarder {
  private readonly proxy = createProxyServer({ selfHandleResponse: true });
  private readonly exchanges = new WeakMap<IncomingMessage, ServiceExchange>();
  private readonly agents: { readonly http: http.Agent; readonly https: https.Agent };

  constructor(
    private readonly gateway: () => Gateway,
    private readonly pools: TargetPools,
    private readonly credentials: CredentialOpener,
  ) {
    const options = { keepAlive: true, maxSockets: MAX_SOCKETS, lookup: pools.lookup };
    this.agents = { http: new http.Agent(options), https: new https.Agent(options) };
    this.proxy.on('proxyRes', (answer, req) => this.exchanges.get(req)?.onAnswer(answer));
  }

  exchange(ctx: RequestContext, target: CompiledTarget): Promise<ExchangeResult> {
    const refusal = this.prepare(ctx, target, false);
    if (refusal !== null) return Promise.resolve({ endState: 'never_sent', refusal });
    const exchange = new ServiceExchange(
      ctx,
      new ResponseRelay(ctx, this.gateway(), SERVICE_ANSWERS, null),
    );
    this.exchanges.set(ctx.req, exchange);
    const body = Readable.from(ctx.bodyBytes === null ? [] : [ctx.bodyBytes]);
    this.proxy.web(
      ctx.req,
      ctx.res,
      { ...this.options(ctx, target), buffer: body },
      exchange.onError,
    );
    return exchange.done;
  }

  /** The traffic of an upgraded connection is not looked at. */
  async upgrade(
    ctx: RequestContext,
    target: CompiledTarget,
    { socket, head }: Upgrade,
  ): Promise<Refusal | null> {
    const refusal = this.prepare(ctx, target, true);
    if (refusal !== null) return refusal;
    const options = { ...this.options(ctx, target), agent: undefined };
    this.proxy.ws(ctx.req, socket, head, options, () => socket.destroy());
    await new Promise((resolve) => socket.once('close', resolve));
    return null;
  }

  close(): Promise<void> {
    this.proxy.removeAllListeners();
    this.agents.http.destroy();
    this.agents.https.destroy();
    return Promise.resolve();
  }

  private prepare(ctx: RequestContext, target: CompiledTarget, isUpgrade: boolean): Refusal | null {
    if (!this.pools.allowsHost(new URL(target.origin).hostname)) {
      return refuse('upstream_connect_error');
    }
    makeServiceHeaders(ctx, this.credentials.credentialOf(target), isUpgrade);
    return null;
  }

  private options(ctx: RequestContext, target: CompiledTarget): ServerOptions {
    const { destination } = ctx;
    if (destination === null) throw new Error('exchange without destination');
    const { connectMs, firstByteMs, idleMs } = destination.timeouts;
    return {
      target: target.origin + target.basePath + destination.path,
      ignorePath: true,
      changeOrigin: true,
      agent: target.origin.startsWith('https:') ? this.agents.https : this.agents.http,
      connectTimeout: connectMs,
      proxyTimeout: Math.max(firstByteMs, idleMs),
    };
  }
}

class ServiceExchange {
  readonly done: Promise<ExchangeResult>;
  private resolve!: (result: ExchangeResult) => void;
  private answer: IncomingMessage | null = null;

  constructor(
    private readonly ctx: RequestContext,
    private readonly relay: ResponseRelay,
  ) {
    this.done = new Promise((resolve) => (this.resolve = resolve));
    ctx.res.once('close', this.onClientClose);
    ctx.res.on('drain', () => this.answer?.resume());
  }

  onAnswer(answer: IncomingMessage): void {
    const refusal = this.relay.start(answer.statusCode ?? 0, answer.headers);
    if (refusal !== null) {
      answer.destroy();
      return this.resolve({ endState: 'upstream_error', refusal });
    }
    this.answer = answer;
    answer.on('data', (chunk: Buffer) => {
      if (!this.relay.data(chunk)) answer.pause();
    });
    answer.on('end', () => {
      this.relay.end(answer.headers);
      this.resolve({ endState: 'complete_reported', refusal: null });
    });
    answer.on('error', () => this.failed(refuse('upstream_protocol_error')));
  }

  readonly onError = (error: Error): void => {
    const isTimeout =
      (error as NodeJS.ErrnoException).code === 'ECONNRESET' && !this.ctx.clientGone;
    const reason = isTimeout ? 'upstream_timeout' : failureReason(error);
    const endState = wasNeverSent(error) ? 'never_sent' : 'sent_no_byte';
    this.resolve({ endState, refusal: refuse(reason) });
  };

  private failed(refusal: Refusal): void {
    if (this.ctx.clientGone) return;
    this.resolve({ endState: 'upstream_error', refusal });
  }

  private readonly onClientClose = (): void => {
    if (this.ctx.res.writableFinished) return;
    this.ctx.clientGone = true;
    this.resolve({ endState: 'client_gone', refusal: null });
  };
}
