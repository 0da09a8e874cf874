/** The limiter this instance runs: shared over Redis with memory behind it, or memory alone. */
import {
  createFailoverAdmission,
  createMemoryAdmission,
  createRedisAdmission,
  createRedisCounterReader,
  type Admission,
  type CounterReader,
  type LimiterMode,
} from '@ai-gateway/admission';
import type { Logger } from '@ai-gateway/node-runtime';
import { Redis } from 'ioredis';
import type { GatewayMetrics } from './metrics.js';

export interface Limiter {
  readonly admission: Admission;
  readonly counters: CounterReader;
  /** Resolves when the shared store has answered or failed for the first time. */
  readonly ready: Promise<unknown>;
  close(): Promise<void>;
}

export interface LimiterOptions {
  /** Null: counters live in this process. */
  redisUrl: string | null;
  instanceId: string;
  /** How many gateways share the limits. */
  liveInstances: () => number;
  metrics: GatewayMetrics;
  logger: Logger;
}

const MODES: readonly LimiterMode[] = ['shared', 'local', 'degraded'];
const MAX_RECONNECT_MS = 1000;

export function createLimiter(options: LimiterOptions): Limiter {
  const { redisUrl, instanceId, metrics } = options;
  const show = (mode: LimiterMode): void => {
    for (const each of MODES) metrics.limiterMode.set({ mode: each }, each === mode ? 1 : 0);
  };
  if (redisUrl !== null) return createSharedLimiter({ ...options, redisUrl }, show);
  show('local');
  const memory = createMemoryAdmission({ clock: Date.now, instanceId });
  return {
    admission: memory,
    counters: memory,
    ready: Promise.resolve(),
    close: () => memory.close(),
  };
}

function createSharedLimiter(
  { redisUrl, instanceId, liveInstances, logger }: LimiterOptions & { redisUrl: string },
  show: (mode: LimiterMode) => void,
): Limiter {
  const redis = connect(redisUrl, logger);
  const ready = new Promise((resolve) => redis.once('ready', resolve).once('error', resolve));
  const primary = createRedisAdmission({
    redis,
    instanceId,
    onSettlementsLost: (count) =>
      logger.error({ count }, 'settlements lost, charges stay reserved'),
    onLeasesRestored: (count) => logger.warn({ count }, 'leases were missing in Redis, restored'),
    onRenewalFailed: (err) => logger.warn({ err }, 'leases could not be renewed'),
  });
  const admission = createFailoverAdmission({
    primary,
    instanceId,
    liveInstances,
    onModeChange: (mode, cause) => {
      show(mode);
      if (mode === 'shared') logger.info('limits are shared over Redis again');
      else logger.warn({ err: cause }, 'Redis does not answer, limits follow on_store_failure');
    },
  });
  show('shared');
  return {
    admission,
    ready,
    counters: createRedisCounterReader({ redis }),
    close: async () => {
      await admission.close();
      redis.disconnect();
    },
  };
}

function connect(redisUrl: string, logger: Logger): Redis {
  const redis = new Redis(redisUrl, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 1000,
    connectTimeout: 1000,
    retryStrategy: (attempt) => Math.min(attempt * 100, MAX_RECONNECT_MS),
  });
  redis.on('error', (err: Error) => logger.debug({ err }, 'redis connection'));
  return redis;
}
