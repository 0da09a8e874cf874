/** Puts the pipeline's parts together from the settings. */
import { BalancerState } from '@ai-gateway/gateway-engine';
import {
  createAddressPolicy,
  createApiKeyDigest,
  parseMasterKey,
  type Logger,
  type MasterKey,
} from '@ai-gateway/node-runtime';
import type { Admission } from '@ai-gateway/admission';
import { TokenPool } from '@ai-gateway/tokenizer';
import type { RequestLog } from './access-log.js';
import { DriftReporter } from './counting/drift-reporter.js';
import { PoolTokenCounter } from './counting/pool.token-counter.js';
import { ServiceTokenCounter } from './counting/service.token-counter.js';
import type { TokenCounter } from './counting/token-counter.port.js';
import type { GatewayMetrics } from './metrics.js';
import type { Gateway } from './pipeline/gateway.js';
import { RequestRecorder } from './pipeline/request-recorder.js';
import type { GatewaySettings } from './settings.js';
import { CredentialOpener } from './upstream/credential-opener.js';
import { HttpForwarder } from './upstream/http.forwarder.js';
import { HeaderAllowlist } from './upstream/request-headers.js';
import { TargetPools } from './upstream/target-pools.js';
import { WebSocketForwarder } from './upstream/websocket.forwarder.js';

export interface PipelineParts {
  settings: GatewaySettings;
  admission: Admission;
  keys: Gateway['keys'];
  pools: TargetPools;
  metrics: GatewayMetrics;
  logger: Logger;
  accessLog: RequestLog;
  /** Counts in this process. */
  counter: PoolTokenCounter;
}

export const createTargetPools = (settings: GatewaySettings): TargetPools =>
  new TargetPools(createAddressPolicy({ allow: settings.UPSTREAM_ALLOW_ADDRESSES }));

export function createGateway(parts: PipelineParts): Gateway {
  const { settings, metrics, logger, admission, keys, pools, accessLog, counter } = parts;
  const master = settings.MASTER_KEY === undefined ? null : parseMasterKey(settings.MASTER_KEY);
  const instanceId = settings.GATEWAY_INSTANCE_ID;
  const credentials = new CredentialOpener(master, logger);
  const allowlist = new HeaderAllowlist(settings.GATEWAY_FORWARD_HEADERS);
  const recorder = new RequestRecorder({
    metrics,
    logger,
    instanceId,
    accessLog,
  });
  const gateway: Gateway = {
    options: {
      allowAnonymous: settings.GATEWAY_ALLOW_ANONYMOUS,
      bodyIdleMs: settings.GATEWAY_BODY_IDLE_MS,
    },
    instanceId,
    admission,
    balancer: new BalancerState(),
    apiKeyDigest: digestOf(master),
    keys,
    forwarder: new HttpForwarder(() => gateway, { pools, credentials, allowlist }),
    upgradeForwarder: new WebSocketForwarder(pools, credentials),
    tokenCounter: createTokenCounter(parts),
    drift: new DriftReporter({ service: tokenServiceOf(settings), counter, metrics, logger }),
    recorder,
    metrics,
    logger,
    nowMs: Date.now,
  };
  return gateway;
}

const digestOf = (master: MasterKey | null): Gateway['apiKeyDigest'] =>
  master === null ? null : createApiKeyDigest(master);

export const createPoolCounter = (metrics: GatewayMetrics, logger: Logger): PoolTokenCounter => {
  const pool = new TokenPool({
    onThreadGone: (err) => logger.warn({ err }, 'a counting thread ended and is replaced'),
  });
  return new PoolTokenCounter(pool, metrics);
};

function tokenServiceOf({ TOKEN_SERVICE_URL: url, TOKEN_SERVICE_CREDENTIAL }: GatewaySettings) {
  return url === undefined ? null : { url, credential: TOKEN_SERVICE_CREDENTIAL ?? null };
}

function createTokenCounter({ settings, counter, metrics, logger }: PipelineParts): TokenCounter {
  const service = tokenServiceOf(settings);
  if (service === null || !settings.USE_PRECISE_TOKEN_CALCULATION) return counter;
  return new ServiceTokenCounter({ ...service, fallback: counter, metrics, logger });
}
