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
import type { Destination } from '../pipeline/destination.js';
import type { Gateway } from '../pipeline/gateway.js';
import { refuse, type Refusal } from '../pipeline/refusal.js';
import { ResponseRelay } from '../pipeline/relay.step.js';
import type { RequestContext } from '../pipeline/request-context.js';
import type { CredentialOpener } from './credential-opener.js';
import type { ExchangeResult, Upgrade, UpgradeForwarder } from './forwarder.port.js';
import { ServiceExchange } from './service-exchange.js';
import { makeServiceHeaders } from './service-headers.js';
import { ServiceUpgrade } from './service-upgrade.js';
import type { TargetPools } from './target-pools.js';

const MAX_SOCKETS = 1024;

export class ServiceForwarder implements UpgradeForwarder {
  private readonly proxy = createProxyServer({ selfHandleResponse: true });
  private readonly exchanges = new WeakMap<IncomingMessage, ServiceExchange>();
  private readonly upgrades = new WeakMap<IncomingMessage, ServiceUpgrade>();
  private readonly agents: { readonly http: http.Agent; readonly https: https.Agent };

  constructor(
    private readonly gateway: () => Gateway,
    private readonly pools: TargetPools,
    private readonly credentials: CredentialOpener,
  ) {
    const options = { keepAlive: true, maxSockets: MAX_SOCKETS, lookup: pools.lookup };
    this.agents = { http: new http.Agent(options), https: new https.Agent(options) };
    this.proxy.on('proxyReq', (request, req, _res, _options, socket) =>
      this.exchanges.get(req)?.onRequest(request, socket),
    );
    this.proxy.on('proxyRes', (answer, req) => this.exchanges.get(req)?.onAnswer(answer));
    this.proxy.on('proxyReqWs', (request, req) => this.upgrades.get(req)?.onRequest(request));
  }

  exchange(ctx: RequestContext, target: CompiledTarget): Promise<ExchangeResult> {
    const destination = destinationOf(ctx);
    const refusal = this.prepare(ctx, target, false);
    if (refusal !== null) return Promise.resolve({ endState: 'never_sent', refusal });
    const relay = new ResponseRelay(ctx, this.gateway(), SERVICE_ANSWERS, null);
    const exchange = new ServiceExchange(ctx, relay, destination.timeouts);
    this.exchanges.set(ctx.req, exchange);
    const buffer = Readable.from(ctx.bodyBytes === null ? [] : [ctx.bodyBytes]);
    const options = { ...this.options(destination, target), buffer };
    this.proxy.web(ctx.req, ctx.res, options, exchange.onError);
    return exchange.done;
  }

  async upgrade(
    ctx: RequestContext,
    target: CompiledTarget,
    { socket, head }: Upgrade,
    answer: (refusal: Refusal) => void,
  ): Promise<void> {
    const destination = destinationOf(ctx);
    const refusal = this.prepare(ctx, target, true);
    if (refusal !== null) return answer(refusal);
    const upgrade = new ServiceUpgrade(ctx, destination.timeouts.firstByteMs, answer);
    this.upgrades.set(ctx.req, upgrade);
    this.proxy.ws(ctx.req, socket, head, this.options(destination, target), upgrade.onError);
    if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
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

  /** Timeouts but the connect timeout are ours: the package has one for all phases. */
  private options({ path, timeouts }: Destination, target: CompiledTarget): ServerOptions {
    return {
      target: target.origin + target.basePath + path,
      ignorePath: true,
      changeOrigin: true,
      agent: target.origin.startsWith('https:') ? this.agents.https : this.agents.http,
      connectTimeout: timeouts.connectMs,
    };
  }
}

function destinationOf({ destination }: RequestContext): Destination {
  if (destination === null) throw new Error('exchange without destination');
  return destination;
}
