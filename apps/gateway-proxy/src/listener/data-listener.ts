/**
 * The data listener: a hardened HTTP server whose requests go straight into the pipeline. The few
 * management paths are passed on; nothing of a framework stands before the data paths.
 */
import {
  ServerResponse,
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { requestIdFrom } from '@ai-gateway/node-runtime';
import { answerRefusal } from '../pipeline/error-answer.js';
import type { Gateway } from '../pipeline/gateway.js';
import { handleRequest, handleUpgrade } from '../pipeline/pipeline.js';
import { refuse, type Refusal } from '../pipeline/refusal.js';
import { RequestContext } from '../pipeline/request-context.js';
import type { RunningTable } from '../pipeline/running-table.js';
import { clientAddress as addressOf, type TrustedProxies } from './client-address.js';
import { ConnectionGuard } from './connection-guard.js';
import { checkFraming } from './framing.check.js';
import { OpenRequests } from './open-requests.js';
import { ParserErrors, rejectRaw } from './parser-error.js';

const MANAGEMENT_PATHS: ReadonlySet<string> = new Set(['/health', '/livez', '/readyz', '/metrics']);

export interface DataListenerOptions {
  headersTimeoutMs: number;
  keepAliveMs: number;
  maxConnectionsPerIp: number;
  trustedProxies: TrustedProxies;
  /** Takes the management paths. */
  management: RequestListener;
  /** The running configuration; null until the first one has been applied. */
  currentTable: () => RunningTable | null;
  /** What a request meets while there is no configuration. */
  emptyTable: RunningTable;
}

const MAX_HEADER_BYTES = 16_384;
const REQUEST_TIMEOUT_MS = 300_000;

export class DataListener {
  readonly server: Server;
  /** Requests whose answer has not left for the client yet. */
  private readonly open = new OpenRequests();
  private draining = false;
  private idle: (() => void) | null = null;
  private readonly parserErrors: ParserErrors;

  constructor(
    private readonly gateway: Gateway,
    private readonly options: DataListenerOptions,
  ) {
    this.parserErrors = new ParserErrors(gateway.recorder);
    this.server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: options.headersTimeoutMs,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: options.keepAliveMs,
      connectionsCheckingInterval: 1000,
      requireHostHeader: false,
      shouldUpgradeCallback: isWebSocket,
      noDelay: true,
    });
    // Node would drop lines beyond its count silently; they are counted in framing.check instead.
    this.server.maxHeadersCount = 0;
    this.gateway.metrics.onScrape(() => this.gateway.metrics.inflight.set(this.open.size));
    this.listen();
  }

  /** Requests in progress now, and all since the start. */
  get requests(): { readonly size: number; readonly total: number } {
    return this.open;
  }

  /** Stops taking connections and waits for the answers under way, at most `deadlineMs`. */
  async drain(deadlineMs: number): Promise<void> {
    this.draining = true;
    this.server.close();
    this.server.closeIdleConnections();
    if (this.open.size > 0) {
      await Promise.race([
        new Promise<void>((resolve) => (this.idle = resolve)),
        new Promise<void>((resolve) => setTimeout(resolve, deadlineMs).unref()),
      ]);
    }
    for (const ctx of this.open.all()) this.cutOff(ctx);
    this.server.closeAllConnections();
  }

  /** What outlives the deadline is told so where its protocol can say it. */
  private cutOff(ctx: RequestContext): void {
    answerRefusal(ctx, this.gateway, refuse('shutting_down', { retryAfterMs: 1000 }));
    ctx.req.socket.destroySoon();
  }

  private listen(): void {
    const guard = new ConnectionGuard(
      this.options.maxConnectionsPerIp,
      this.options.trustedProxies,
    );
    this.server.on('connection', (socket) => guard.onConnection(socket));
    this.server.on('request', this.onRequest);
    this.server.on('checkContinue', this.onRequest);
    this.server.on('checkExpectation', (req, res) => this.onUnmetExpectation(req, res));
    this.server.on('connect', (req, socket) =>
      this.reject(socket, req, refuse('method_not_allowed')),
    );
    this.server.on('upgrade', (req, socket, head) => this.onUpgrade(req, socket, head));
    this.server.on('clientError', (error, socket) => this.parserErrors.onError(error, socket));
  }

  private readonly onRequest = (req: IncomingMessage, res: ServerResponse): void => {
    const ctx = this.contextOf(req, res);
    this.parserErrors.onRequest(ctx);
    if (this.draining) res.shouldKeepAlive = false;
    const framing = checkFraming(req);
    if (framing !== null) return this.refuseAndClose(ctx, framing);
    if (MANAGEMENT_PATHS.has(ctx.path)) return this.options.management(req, res);
    const overload = this.overload();
    if (overload !== null) return this.refuseAndClose(ctx, overload);
    this.track(ctx, handleRequest(ctx, this.gateway));
  };

  private track(ctx: RequestContext, request: Promise<void>): void {
    this.open.add(ctx);
    void request.finally(() => {
      if (ctx.res.writableFinished || ctx.res.destroyed) this.onEnd(ctx);
      else ctx.res.once('close', () => this.onEnd(ctx));
    });
  }

  private onEnd(ctx: RequestContext): void {
    this.open.remove(ctx);
    if (this.open.size === 0) this.idle?.();
  }

  private contextOf(req: IncomingMessage, res: ServerResponse): RequestContext {
    const forwardedFor = req.headers['x-forwarded-for'];
    const address = addressOf(
      req.socket.remoteAddress,
      Array.isArray(forwardedFor) ? forwardedFor.join(',') : forwardedFor,
      this.options.trustedProxies,
    );
    const table = this.options.currentTable() ?? this.options.emptyTable;
    const requestId = requestIdFrom(req.headers['x-request-id']);
    return new RequestContext({ req, res, requestId, clientAddress: address, table });
  }

  private overload(): Refusal | null {
    const table = this.options.currentTable();
    if (table === null) return refuse('config_not_ready', { retryAfterMs: 1000 });
    if (this.open.size < table.settings.maxInflight) return null;
    return refuse('overloaded', { retryAfterMs: 1000 });
  }

  private onUnmetExpectation(req: IncomingMessage, res: ServerResponse): void {
    const ctx = this.contextOf(req, res);
    this.parserErrors.onRequest(ctx);
    this.refuseAndClose(ctx, refuse('expectation_failed'));
  }

  private refuseAndClose(ctx: RequestContext, refusal: Refusal): void {
    ctx.res.shouldKeepAlive = false;
    answerRefusal(ctx, this.gateway, refusal);
    this.gateway.recorder.recordRejected(
      refusal.reason,
      ctx.requestId,
      ctx.clientAddress,
      ctx.method,
    );
  }

  /** The pipeline answers refusals through a response bound to the socket. */
  private onUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    if (!(socket instanceof Socket)) return this.reject(socket, req, refuse('upgrade_required'));
    const res = new ServerResponse(req);
    res.shouldKeepAlive = false;
    res.assignSocket(socket);
    res.once('finish', () => socket.end());
    const ctx = this.contextOf(req, res);
    const refusal = checkFraming(req) ?? this.overload();
    if (refusal !== null) return this.refuseAndClose(ctx, refusal);
    this.track(ctx, handleUpgrade(ctx, this.gateway, { socket, head }));
  }

  private reject(socket: Duplex, req: IncomingMessage, refusal: Refusal): void {
    const requestId = requestIdFrom(req.headers['x-request-id']);
    rejectRaw(socket, refusal.reason, requestId);
    this.gateway.recorder.recordRejected(
      refusal.reason,
      requestId,
      req.socket.remoteAddress ?? '',
      req.method ?? '',
    );
  }
}

/** Any other upgrade is a plain request whose `Upgrade` field goes no further. */
const isWebSocket = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' &&
  headers.upgrade?.toLowerCase() === 'websocket' &&
  headers['transfer-encoding'] === undefined &&
  (headers['content-length'] ?? '0') === '0';
