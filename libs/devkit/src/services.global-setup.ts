/**
 * Vitest global setup of the projects `int` and `e2e`: one private MariaDB and one private Redis
 * for the whole run. Vitest loads this file once per project, so the count of users lives on
 * `globalThis`, not in the module.
 */
import type { TestProject } from 'vitest/node';
import { startMariaDb, type RunningMariaDb } from './mariadb.service.js';
import { startRedis, type RunningRedis } from './redis.service.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** `redis://user:password@127.0.0.1:port` */
    redisUrl: string;
    /** `mysql://user:password@127.0.0.1:port/`; the user may create databases. */
    mysqlUrl: string;
  }
}

interface SharedServices {
  users: number;
  started: Promise<{ redis: RunningRedis; mariaDb: RunningMariaDb }>;
}

const KEY = Symbol.for('ai-gateway.test-services');
const registry = globalThis as { [KEY]?: SharedServices | undefined };

export async function setup(project: TestProject): Promise<void> {
  const shared = (registry[KEY] ??= { users: 0, started: startServices() });
  shared.users += 1;
  const { redis, mariaDb } = await shared.started;
  project.provide('redisUrl', redis.url);
  project.provide('mysqlUrl', mariaDb.url);
}

export async function teardown(): Promise<void> {
  const shared = registry[KEY];
  if (shared === undefined || --shared.users > 0) return;
  registry[KEY] = undefined;
  const { redis, mariaDb } = await shared.started;
  await Promise.all([redis.stop(), mariaDb.stop()]);
}

/** One after the other: the first may have to install the packages of both. */
async function startServices(): Promise<Awaited<SharedServices['started']>> {
  const redis = await startRedis();
  try {
    return { redis, mariaDb: await startMariaDb() };
  } catch (error) {
    await redis.stop();
    throw error;
  }
}
