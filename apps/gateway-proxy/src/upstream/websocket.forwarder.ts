/**
 * WebSockets to plain services through `http-proxy`, which knows the handshake's corners. What
 * follows the handshake is not looked at.
 */
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { CompiledTarget } from '@ai-gateway/gateway-engine';
import { createProxyServer } from 'http-proxy';
import { refuse, type Refusal } from '../pipeline/refusal.js';
import type { RequestContext } from '../pipeline/request-context.js';
import type { CredentialOpener } from './credential-opener.js';
import type { Upgrade, UpgradeForwarder } from './forwarder.port.js';
import { makeUpgradeHeaders } from './service-headers.js';
import type { TargetPools } from './target-pools.js';
import { WebSocketUpgrade } from './websocket-upgrade.js';

const MAX_SOCKETS = 1024;

export class WebSocketForwarder implements UpgradeForwarder {
  private readonly proxy = createProxyServer({});
  private readonly upgrades = new WeakMap<IncomingMessage, WebSocketUpgrade>();
  private readonly agents: { readonly http: http.Agent; readonly https: https.Agent };

  constructor(
    private readonly pools: TargetPools,
    private readonly credentials: CredentialOpener,
  ) {
    const options = { maxSockets: MAX_SOCKETS, lookup: pools.lookup };
    this.agents = { http: new http.Agent(options), https: new https.Agent(options) };
    this.proxy.on('proxyReqWs', (request, req) => this.upgrades.get(req)?.onRequest(request));
  }

  async upgrade(
    ctx: RequestContext,
    target: CompiledTarget,
    { socket, head }: Upgrade,
    answer: (refusal: Refusal) => void,
  ): Promise<void> {
    const { destination } = ctx;
    if (destination === null) throw new Error('upgrade without destination');
    if (!this.pools.allowsHost(new URL(target.origin).hostname)) {
      answer(refuse('upstream_connect_error'));
      return;
    }
    const { connectMs, firstByteMs } = destination.timeouts;
    const upgrade = new WebSocketUpgrade(ctx, firstByteMs, answer);
    makeUpgradeHeaders(ctx, this.credentials.credentialOf(target));
    this.upgrades.set(ctx.req, upgrade);
    const options = {
      target: target.origin + target.basePath + destination.path,
      ignorePath: true,
      changeOrigin: true,
      agent: target.origin.startsWith('https:') ? this.agents.https : this.agents.http,
      connectTimeout: connectMs,
    };
    this.proxy.ws(ctx.req, socket, head, options, upgrade.onError);
    if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  }

  close(): Promise<void> {
    this.proxy.removeAllListeners();
    this.agents.http.destroy();
    this.agents.https.destroy();
    return Promise.resolve();
  }
}
