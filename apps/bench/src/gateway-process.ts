/**
 * The built gateway as its operator runs it: all features on, default log level, log to /dev/null.
 * Its configuration stands in Redis; there is no control plane.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRedisConfigPublisher } from '@ai-gateway/config-feed';
import type { ConfigChange, ConfigFeed } from '@ai-gateway/contracts';
import { freePort, guardProcess } from '@ai-gateway/devkit';
import { Redis } from 'ioredis';
import { request } from 'undici';
import type { Stage } from './stage.js';

const MAIN = fileURLToPath(new URL('../../gateway-proxy/dist/main.js', import.meta.url));
const EPOCH = 'bench-epoch';
const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

export interface RunningGateway {
  readonly pid: number;
  readonly origin: string;
  /** Ends it in order and waits for its end. */
  stop(): Promise<void>;
}

export async function startGateway(
  stage: Stage,
  changes: readonly ConfigChange[],
  nodeArgs: readonly string[] = [],
): Promise<RunningGateway> {
  const redisUrl = stage.newRedisUrl();
  await publish(redisUrl, changes);
  const port = await freePort();
  const child = spawn(process.execPath, [...nodeArgs, MAIN], {
    env: await environment(redisUrl, port),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('the gateway did not start');
  const release = guardProcess({ pid });
  const exited = once(child, 'exit').finally(release);
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
  };
  stage.atEnd(stop);
  const origin = `http://127.0.0.1:${port}`;
  await stage.cores.pin(pid, 'proxy');
  const isRunning = (): boolean => child.exitCode === null;
  await becomesReady(origin, isRunning);
  return { pid, origin, stop };
}

async function publish(redisUrl: string, changes: readonly ConfigChange[]): Promise<void> {
  const redis = new Redis(redisUrl);
  try {
    const feed: ConfigFeed = { type: 'full', epoch: EPOCH, revision: 1, changes: [...changes] };
    const outcome = await createRedisConfigPublisher({ redis }).replaceAll(feed);
    if (outcome !== 'published') throw new Error(`the configuration was not published: ${outcome}`);
  } finally {
    redis.disconnect();
  }
}

const environment = async (redisUrl: string, port: number) => ({
  NODE_ENV: 'production',
  REDIS_URL: redisUrl,
  GATEWAY_PORT: String(port),
  GATEWAY_MANAGEMENT_PORT: String(await freePort()),
  GATEWAY_ALLOW_ANONYMOUS: 'true',
  GATEWAY_DRAIN_MS: '1000',
  UPSTREAM_ALLOW_ADDRESSES: '127.0.0.0/8',
});

async function becomesReady(origin: string, isRunning: () => boolean): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!(await isReady(origin))) {
    if (!isRunning() || Date.now() > deadline) throw new Error('the gateway did not become ready');
    await sleep(POLL_MS);
  }
}

async function isReady(origin: string): Promise<boolean> {
  try {
    const { statusCode, body } = await request(`${origin}/readyz`);
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}
