/**
 * What a change travels through: MariaDB, Redis, one config-center and three gateways, each a process
 * as its operator runs it. A deaf fleet hears no wake-up: its Redis user may not subscribe, and it
 * does not know config-center.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startMariaDb, startRedis, type RunningRedis } from '@ai-gateway/devkit';
import { spawnApp, type SpawnedApp } from '@ai-gateway/testing';
import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';

const GATEWAYS = 3;
const DATABASE = 'propagation';
const DEAF_USER = 'deaf';

export class Fleet {
  readonly gateways: SpawnedApp[] = [];
  readonly adminPassword = secret();
  configCenterUrl = '';
  private readonly credential = secret();
  private readonly masterKey = randomBytes(32).toString('base64');
  private readonly dataDir = mkdtempSync(join(tmpdir(), 'propagation-'));
  private readonly endings: (() => Promise<unknown>)[] = [];

  private constructor() {
    this.atEnd(async () => rmSync(this.dataDir, { recursive: true, force: true }));
  }

  static async start(hearing: 'hears' | 'deaf'): Promise<Fleet> {
    const fleet = new Fleet();
    try {
      await fleet.launch(hearing);
    } catch (error) {
      await fleet.stop();
      throw error;
    }
    return fleet;
  }

  async stop(): Promise<void> {
    for (const ending of this.endings.toReversed()) await ending();
  }

  private async launch(hearing: 'hears' | 'deaf'): Promise<void> {
    const redis = await startRedis();
    this.atEnd(() => redis.stop());
    await this.startConfigCenter(redis);
    const env: Record<string, string> =
      hearing === 'deaf'
        ? { REDIS_URL: await deafUrl(redis) }
        : { REDIS_URL: redis.url, CONFIG_CENTER_URL: this.configCenterUrl };
    for (let number = 1; number <= GATEWAYS; number += 1) await this.startGateway(number, env);
  }

  private async startConfigCenter(redis: RunningRedis): Promise<void> {
    const mariaDb = await startMariaDb();
    this.atEnd(() => mariaDb.stop());
    const connection = await createConnection(mariaDb.url);
    await connection.query(`CREATE DATABASE ${DATABASE}`);
    await connection.end();
    const ready = await this.startApp('config-center', {
      CONFIG_CENTER_PORT: '0',
      DATA_DIR: this.dataDir,
      DATABASE_URL: `${mariaDb.url}${DATABASE}`,
      REDIS_URL: redis.url,
      BOOTSTRAP_ADMIN_PASSWORD: this.adminPassword,
    });
    this.configCenterUrl = ready.url;
  }

  private async startGateway(number: number, env: Record<string, string>): Promise<void> {
    const { app } = await this.startApp('gateway-proxy', {
      GATEWAY_PORT: '0',
      GATEWAY_MANAGEMENT_PORT: String(await freePort()),
      GATEWAY_INSTANCE_ID: `gateway-${number}`,
      DATA_DIR: join(this.dataDir, `gateway-${number}`),
      ...env,
    });
    this.gateways.push(app);
  }

  private async startApp(name: string, env: Record<string, string>) {
    const { app, ready } = await spawnApp({
      name,
      cwd: this.dataDir,
      env: { MASTER_KEY: this.masterKey, GATEWAY_SERVICE_CREDENTIAL: this.credential, ...env },
    });
    this.atEnd(() => app.kill());
    return { app, url: ready.split(' ').at(-1) ?? '' };
  }

  private atEnd(ending: () => Promise<unknown>): void {
    this.endings.push(ending);
  }
}

async function deafUrl(redis: RunningRedis): Promise<string> {
  const password = secret();
  const client = new Redis(redis.url);
  await client.call('ACL', 'SETUSER', DEAF_USER, 'on', `>${password}`, '~*', '+@all');
  client.disconnect();
  const url = new URL(redis.url);
  url.username = DEAF_USER;
  url.password = password;
  return url.href;
}

const secret = (): string => randomBytes(24).toString('base64url');
