/** One gateway: its parts in the order they start, and stop in reverse. */
import 'reflect-metadata';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  createHttpConfigSource,
  createRedisConfigSource,
  type ConfigSource,
} from '@ai-gateway/config-feed';
import { ErrorFilter, NestLogger } from '@ai-gateway/nest-runtime';
import { createRegistry, redisUrlOf, type Logger } from '@ai-gateway/node-runtime';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AccessLog, type RequestLog } from './access-log.js';
import { createLimiter, type Limiter } from './admission.factory.js';
import { AppModule } from './app.module.js';
import { RunningConfig } from './config/running-config.js';
import type { RunningSettings } from './config/running-settings.js';
import { snapshotFactory } from './config/snapshot.factory.js';
import { trustedProxies } from './listener/client-address.js';
import { DataListener } from './listener/data-listener.js';
import { CounterAccess } from './management/counter-access.js';
import { GatewayState } from './management/gateway-state.js';
import { createGatewayMetrics } from './metrics.js';
import type { PoolTokenCounter } from './counting/pool.token-counter.js';
import { createGateway, createPoolCounter, createTargetPools } from './pipeline.factory.js';
import type { Gateway } from './pipeline/gateway.js';
import type { RunningTable } from './pipeline/running-table.js';
import type { GatewaySettings } from './settings.js';

const VERSION = '0.1.0';

/** Where configuration comes from and where records go. */
export interface GatewayEdges {
  readonly sources: readonly ConfigSource[];
  readonly accessLog: RequestLog;
}

interface GatewayParts {
  readonly settings: GatewaySettings;
  readonly state: GatewayState;
  readonly config: RunningConfig;
  readonly limiter: Limiter;
  readonly gateway: Gateway;
  readonly counter: PoolTokenCounter;
  readonly data: DataListener;
  readonly management: { readonly app: NestExpressApplication; readonly server: Server };
}

export class GatewayProcess {
  private constructor(private readonly parts: GatewayParts) {}

  /** @param edges what to talk to instead of what the settings say */
  static async create(
    settings: GatewaySettings,
    logger: Logger,
    edges: Partial<GatewayEdges> = {},
  ): Promise<GatewayProcess> {
    const sources = edges.sources ?? configSources(settings);
    const accessLog = edges.accessLog ?? new AccessLog(logger.bindings());
    const metrics = createGatewayMetrics(createRegistry());
    metrics.buildInfo.set({ version: VERSION }, 1);
    const pools = createTargetPools(settings);
    const counter = createPoolCounter(metrics, logger);
    const instanceId = settings.GATEWAY_INSTANCE_ID;
    const limiter = createLimiter({
      redisUrl: redisUrlOf(settings),
      instanceId,
      metrics,
      logger,
    });
    const config = new RunningConfig({
      settings,
      sources,
      keepSnapshot: snapshotFactory(settings, metrics, logger),
      pinFile: settings.GATEWAY_PIN_FILE ?? join(settings.DATA_DIR, 'pinned-revision'),
      metrics,
      logger,
      onUpstreams: (table) => pools.retain(originsOf(table)),
      onModels: (table) => void counter.prepare(table),
      onSettings: (running) => applyToProcess(running, gateway),
    });
    const { admission } = limiter;
    const { keys } = config;
    const gateway = createGateway({
      settings,
      admission,
      keys,
      pools,
      metrics,
      logger,
      accessLog,
      counter,
    });
    applyToProcess(config.settings, gateway);
    const groups = settings.GATEWAY_GROUPS;
    const identity = { instanceId, groups };
    const state = new GatewayState(metrics.registry, identity, config, admission);
    const counters = new CounterAccess(
      config,
      limiter.counters,
      settings.GATEWAY_SERVICE_CREDENTIAL ?? null,
    );
    const management = await createManagement(AppModule.register(state, counters), logger);
    const data = createDataListener(settings, gateway, config, management.listener);
    return new GatewayProcess({
      settings,
      state,
      config,
      limiter,
      gateway,
      counter,
      data,
      management,
    });
  }

  /** Resolves when both listeners take connections; configuration may still be on its way. */
  async start(): Promise<void> {
    const { SERVER_HOST: host, GATEWAY_PORT, GATEWAY_MANAGEMENT_PORT } = this.parts.settings;
    const { config, limiter, counter } = this.parts;
    await Promise.all([config.start(), limiter.ready]);
    await counter.prepare(config.current ?? config.empty);
    await listen(this.parts.management.server, GATEWAY_MANAGEMENT_PORT, host);
    await listen(this.parts.data.server, GATEWAY_PORT, host);
  }

  get port(): number {
    return portOf(this.parts.data.server);
  }

  /** Configuration revision it runs; 0 while it has none. */
  get revision(): number {
    return this.parts.config.current?.revision ?? 0;
  }

  get managementPort(): number {
    return portOf(this.parts.management.server);
  }

  beginDraining(): void {
    this.parts.state.beginDraining();
  }

  drain(): Promise<void> {
    return this.parts.data.drain(this.drainMs);
  }

  /** How long open streams get, as it stands now. */
  get drainMs(): number {
    return this.parts.config.settings.drainMs;
  }

  async close(): Promise<void> {
    await this.parts.config.close();
    await this.parts.gateway.forwarder.close();
    await this.parts.gateway.upgradeForwarder.close();
    await this.parts.gateway.drift.close();
    await this.parts.gateway.tokenCounter.close();
    await this.parts.limiter.close();
    this.parts.gateway.recorder.flush();
    this.parts.management.server.close();
    this.parts.management.server.closeAllConnections();
    await this.parts.management.app.close();
  }
}

/** What does not travel with a request. A level that is set anew rebuilds the logger's methods. */
function applyToProcess(settings: RunningSettings, { logger, recorder }: Gateway): void {
  if (logger.level !== settings.logLevel) logger.level = settings.logLevel;
  recorder.logsRequests = settings.accessLog && logger.isLevelEnabled('info');
}

function configSources(settings: GatewaySettings): ConfigSource[] {
  const { CONFIG_CENTER_URL, GATEWAY_SERVICE_CREDENTIAL: credential } = settings;
  const redisUrl = redisUrlOf(settings);
  const sources: ConfigSource[] = [];
  if (redisUrl !== null) sources.push(createRedisConfigSource({ redis: redisUrl }));
  if (CONFIG_CENTER_URL !== undefined && credential !== undefined) {
    sources.push(createHttpConfigSource({ baseUrl: CONFIG_CENTER_URL, credential }));
  }
  return sources;
}

function createDataListener(
  settings: GatewaySettings,
  gateway: Gateway,
  config: RunningConfig,
  management: RequestListener,
): DataListener {
  return new DataListener(gateway, {
    headersTimeoutMs: settings.GATEWAY_HEADERS_TIMEOUT_MS,
    keepAliveMs: settings.GATEWAY_KEEP_ALIVE_MS,
    maxConnectionsPerIp: settings.GATEWAY_MAX_CONNECTIONS_PER_IP,
    trustedProxies: trustedProxies(settings.GATEWAY_TRUSTED_PROXIES),
    management,
    currentTable: () => config.current,
    emptyTable: config.empty,
  });
}

async function createManagement(module: DynamicModule, logger: Logger) {
  const app = await NestFactory.create<NestExpressApplication>(module, {
    bodyParser: false,
    bufferLogs: true,
  });
  app.useLogger(new NestLogger(logger));
  app.disable('x-powered-by');
  app.useGlobalFilters(new ErrorFilter({ logger, allowedMethods: () => [] }));
  await app.init();
  const listener = app.getHttpAdapter().getInstance() as RequestListener;
  return { app, listener, server: createServer(listener) };
}

const originsOf = (table: RunningTable): Set<string> =>
  new Set(
    [...table.upstreams.values()].flatMap(({ targets }) => targets.map(({ origin }) => origin)),
  );

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
