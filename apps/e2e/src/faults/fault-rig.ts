/**
 * An installation whose every hop (gateway → Redis, gateway → config-center, config-center → Redis,
 * config-center → MariaDB) goes through a fault proxy of its own, so that each can fail alone.
 */
import { freePort } from '@ai-gateway/devkit';
import { FaultProxy } from '@ai-gateway/testing';
import { AdminClient } from '../admin.client.js';
import { eventually } from '../eventually.js';
import {
  ADMIN_PASSWORD,
  Installation,
  metricOf,
  whenReady,
  type RunningApp,
  type RunningGateway,
} from '../installation.js';

type Environment = Record<string, string>;

export interface RigConfigCenter extends RunningApp {
  readonly port: number;
  readonly redisHop: FaultProxy;
  readonly databaseHop: FaultProxy;
  /** Signed in at this one. */
  admin: AdminClient;
}

export interface RigGateway {
  readonly running: RunningGateway;
  readonly redisHop: FaultProxy;
  /** To one of the config-centers: they are dealt out in turn. */
  readonly configCenterHop: FaultProxy;
  readonly env: Environment;
}

export interface RigOptions {
  mysqlUrl: string;
  /** Default 3. */
  gateways?: number;
  /** Default 2. */
  configCenters?: number;
  gatewayEnv?: Environment;
  configCenterEnv?: Environment;
}

export class FaultRig {
  readonly gateways: RigGateway[] = [];
  readonly configCenters: RigConfigCenter[] = [];
  private readonly proxies: FaultProxy[] = [];

  private constructor(
    readonly installation: Installation,
    private readonly configCenterEnv: Environment,
  ) {}

  static async start(options: RigOptions): Promise<FaultRig> {
    const { gateways = 3, configCenters = 2, configCenterEnv = {}, ...base } = options;
    const rig = new FaultRig(await Installation.prepare(base), configCenterEnv);
    try {
      for (let n = 0; n < configCenters; n += 1) await rig.addConfigCenter();
      await Promise.all(Array.from({ length: gateways }, (_, n) => rig.addGateway(n)));
    } catch (error) {
      await rig.stop();
      throw error;
    }
    return rig;
  }

  /** At the first config-center. */
  get admin(): AdminClient {
    return this.configCenter(0).admin;
  }

  get urls(): string[] {
    return this.gateways.map(({ running }) => running.url);
  }

  configCenter(index: number): RigConfigCenter {
    return found(this.configCenters[index]);
  }

  gateway(index: number): RigGateway {
    return found(this.gateways[index]);
  }

  applied(revision: number, gateways: readonly RigGateway[] = this.gateways): Promise<void> {
    return this.installation.applied(
      revision,
      gateways.map(({ running }) => running),
    );
  }

  async tenant(code: string, rules: readonly object[] = []) {
    const tenant = await this.admin.createTenant(code, rules);
    await this.applied(tenant.revision);
    return tenant;
  }

  /** Ends like a crash; `restartConfigCenter` brings it back at the same address. */
  async killConfigCenter(index: number): Promise<void> {
    await this.configCenter(index).app.kill();
  }

  async restartConfigCenter(index: number): Promise<void> {
    const configCenter = this.configCenter(index);
    Object.assign(configCenter, await this.runConfigCenter(configCenter));
  }

  /** The same instance again, ended like a crash before. Resolves when it listens. */
  async relaunchGateway(index: number, env: Environment = {}): Promise<RigGateway> {
    const gateway = this.gateway(index);
    await gateway.running.app.kill();
    await this.installation.runGateway(gateway.running, { ...gateway.env, ...env });
    return gateway;
  }

  /** Resolves when what the gateway has run since then is on its disk. */
  kept({ running }: RigGateway, sinceMs: number): Promise<true> {
    return eventually(`the snapshot of ${running.instanceId}`, async () => {
      const askedMs = Date.now();
      const ageSec = await metricOf(running, 'gateway_snapshot_age_seconds');
      return ageSec >= 0 && askedMs - ageSec * 1000 > sinceMs ? true : null;
    });
  }

  /** The gateway is cut off from every source of configuration. */
  isolate({ redisHop, configCenterHop }: RigGateway): void {
    redisHop.blackhole();
    configCenterHop.blackhole();
  }

  /** Every hop works again. */
  heal(): void {
    for (const proxy of this.proxies) proxy.heal();
  }

  async stop(): Promise<void> {
    await this.installation.stop();
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
  }

  /** A hop of its own to what a URL names. */
  private async hopTo(url: string): Promise<{ hop: FaultProxy; url: string }> {
    const through = new URL(url);
    const hop = await FaultProxy.start(Number(through.port), through.hostname);
    this.proxies.push(hop);
    through.hostname = '127.0.0.1';
    through.port = String(hop.port);
    return { hop, url: through.href };
  }

  private async addConfigCenter(): Promise<void> {
    const { installation } = this;
    const { hop: redisHop } = await this.hopTo(installation.redis.url);
    const { hop: databaseHop } = await this.hopTo(installation.databaseUrl);
    const place = { port: await freePort(), redisHop, databaseHop };
    const running = await this.runConfigCenter(place);
    const first = this.configCenters[0]?.admin;
    const client = new AdminClient(running.url);
    const admin = first?.at(running.url) ?? (await client.login('admin', ADMIN_PASSWORD));
    this.configCenters.push({ ...place, ...running, admin });
  }

  private runConfigCenter({
    port,
    redisHop,
    databaseHop,
  }: Pick<RigConfigCenter, 'port' | 'redisHop' | 'databaseHop'>): Promise<RunningApp> {
    const { installation } = this;
    return installation.startConfigCenter({
      CONFIG_CENTER_PORT: String(port),
      REDIS_URL: withPort(installation.redis.url, redisHop.port),
      DATABASE_URL: withPort(installation.databaseUrl, databaseHop.port),
      SEED_DEMO_DATA: 'true',
      ...this.configCenterEnv,
    });
  }

  private async addGateway(index: number): Promise<void> {
    const { hop: redisHop, url: redisUrl } = await this.hopTo(this.installation.redis.url);
    const configCenter = this.configCenter(index % this.configCenters.length);
    const { hop: configCenterHop, url } = await this.hopTo(configCenter.url);
    const env = { REDIS_URL: redisUrl, CONFIG_CENTER_URL: url };
    const running = await this.installation.launchGateway(env);
    await whenReady(running);
    this.gateways[index] = { running, redisHop, configCenterHop, env };
  }
}

function withPort(url: string, port: number): string {
  const changed = new URL(url);
  changed.port = String(port);
  return changed.href;
}

function found<Thing>(thing: Thing | undefined): Thing {
  if (thing === undefined) throw new Error('the rig has no such process');
  return thing;
}
