/**
 * A distributed installation of built apps on a real MariaDB and a Redis of its own. Everything is
 * started as an operator would start it: processes, environment, ports.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startRedis, type RunningRedis } from '@ai-gateway/devkit';
import { newMasterKeyText } from '@ai-gateway/node-runtime';
import { spawnApp, type SpawnedApp } from '@ai-gateway/testing';
import { AdminClient, type Resource } from './admin.client.js';
import { createDatabase } from './database.js';
import { eventually } from './eventually.js';
import { MockLlmClient } from './mock-llm.client.js';

export const ADMIN_PASSWORD = 'e2e admin password';
const LOOPBACK = '127.0.0.0/8,::1/128';

type Environment = Record<string, string>;

export interface RunningApp {
  app: SpawnedApp;
  url: string;
}

export interface RunningGateway extends RunningApp {
  managementUrl: string;
  instanceId: string;
}

export interface InstallationOptions {
  /** A server that lets its user create databases. */
  mysqlUrl: string;
  /** Started and ready before `start` resolves; default 1. */
  gateways?: number;
  gatewayEnv?: Environment;
}

export class Installation {
  readonly masterKey = newMasterKeyText();
  readonly serviceCredential = randomBytes(24).toString('base64url');
  readonly gateways: RunningGateway[] = [];
  readonly apps: SpawnedApp[] = [];
  readonly dataDir = mkdtempSync(join(tmpdir(), 'ai-gateway-e2e-'));
  configCenterPort = 0;
  configCenter!: RunningApp;
  admin!: AdminClient;
  mockLlm!: MockLlmClient;
  private launched = 0;

  private constructor(
    readonly redis: RunningRedis,
    readonly databaseUrl: string,
    private readonly gatewayEnv: Environment,
  ) {}

  static async start(options: InstallationOptions): Promise<Installation> {
    const installation = await Installation.prepare(options);
    try {
      await installation.startControlPlane();
      const gateways = Array.from({ length: options.gateways ?? 1 }, () =>
        installation.startGateway(),
      );
      await Promise.all(gateways);
    } catch (error) {
      await installation.stop();
      throw error;
    }
    return installation;
  }

  /** Redis, an empty database and the model server; no plane runs yet. */
  static async prepare({ mysqlUrl, gatewayEnv }: InstallationOptions): Promise<Installation> {
    const databaseUrl = await createDatabase(mysqlUrl);
    const installation = new Installation(await startRedis(), databaseUrl, gatewayEnv ?? {});
    installation.configCenterPort = await freePort();
    const mockLlm = await installation.startApp('mock-llm', { MOCK_LLM_PORT: '0' });
    installation.mockLlm = new MockLlmClient(mockLlm.url);
    return installation;
  }

  /** The first config-center, with demo data. */
  async startControlPlane(): Promise<void> {
    this.configCenter = await this.startConfigCenter({
      CONFIG_CENTER_PORT: String(this.configCenterPort),
      SEED_DEMO_DATA: 'true',
    });
    this.admin = await new AdminClient(this.configCenter.url).login('admin', ADMIN_PASSWORD);
  }

  startConfigCenter(env: Environment = {}): Promise<RunningApp> {
    return this.startApp('config-center', { ...this.configCenterEnv, ...env });
  }

  get configCenterEnv(): Environment {
    return {
      CONFIG_CENTER_PORT: '0',
      DATA_DIR: this.dataDir,
      DATABASE_URL: this.databaseUrl,
      REDIS_URL: this.redis.url,
      MASTER_KEY: this.masterKey,
      GATEWAY_SERVICE_CREDENTIAL: this.serviceCredential,
      BOOTSTRAP_ADMIN_PASSWORD: ADMIN_PASSWORD,
      UPSTREAM_ALLOW_ADDRESSES: LOOPBACK,
      MOCK_LLM_URL: this.mockLlm.url,
    };
  }

  /** Resolves when the gateway has configuration and takes traffic. */
  async startGateway(env: Environment = {}): Promise<RunningGateway> {
    const gateway = await this.launchGateway(env);
    await whenReady(gateway);
    return gateway;
  }

  /** Resolves when the gateway listens, with or without configuration. */
  async launchGateway(env: Environment = {}): Promise<RunningGateway> {
    this.launched += 1;
    const instanceId = `gateway-${this.launched}`;
    const managementUrl = `http://127.0.0.1:${await freePort()}`;
    const gateway: RunningGateway = Object.assign({ instanceId, managementUrl }, {} as RunningApp);
    this.gateways.push(gateway);
    return this.runGateway(gateway, env);
  }

  /** Starts the process of a new gateway, or of one whose process has ended. */
  async runGateway(gateway: RunningGateway, env: Environment = {}): Promise<RunningGateway> {
    return Object.assign(
      gateway,
      await this.startApp('gateway-proxy', {
        GATEWAY_PORT: '0',
        GATEWAY_MANAGEMENT_PORT: new URL(gateway.managementUrl).port,
        GATEWAY_INSTANCE_ID: gateway.instanceId,
        GATEWAY_ALLOW_ANONYMOUS: 'true',
        GATEWAY_FORWARD_HEADERS: 'x-mock-*',
        GATEWAY_SERVICE_CREDENTIAL: this.serviceCredential,
        CONFIG_CENTER_URL: `http://127.0.0.1:${this.configCenterPort}`,
        REDIS_URL: this.redis.url,
        MASTER_KEY: this.masterKey,
        DATA_DIR: this.dataDirOf(gateway),
        UPSTREAM_ALLOW_ADDRESSES: LOOPBACK,
        ...this.gatewayEnv,
        ...env,
      }),
    );
  }

  /** Where a gateway keeps what survives it. */
  dataDirOf({ instanceId }: RunningGateway): string {
    return join(this.dataDir, instanceId);
  }

  /** The first gateway. */
  get gateway(): RunningGateway {
    const [gateway] = this.gateways;
    if (gateway === undefined) throw new Error('no gateway was started');
    return gateway;
  }

  /** Resolves when the gateways run at least this revision. */
  async applied(
    revision: number,
    gateways: readonly RunningGateway[] = this.gateways,
  ): Promise<void> {
    await Promise.all(
      gateways.map((gateway) =>
        eventually(`revision ${revision} at ${gateway.instanceId}`, async () =>
          (await revisionOf(gateway)) >= revision ? true : null,
        ),
      ),
    );
  }

  /** A tenant that all gateways know. */
  async tenant(code: string, rules: readonly object[] = []) {
    const tenant = await this.admin.createTenant(code, rules);
    await this.applied(tenant.revision);
    return tenant;
  }

  /** From now on a request that no matcher recognises belongs to nobody. Resolves to the way back. */
  async withoutDefaultNamespace(): Promise<() => Promise<void>> {
    const path = '/api/v1/namespaces?namespace_code=demo';
    const { body } = await this.admin.call<{ items: Resource[] }>('GET', path);
    const set = async (is_default: boolean): Promise<void> => {
      const demo = `/api/v1/namespaces/${String(body.items[0]?.['namespace_id'])}`;
      await this.applied((await this.admin.write('PUT', demo, { is_default })).revision);
    };
    await set(false);
    return () => set(true);
  }

  async startApp(name: string, env: Environment): Promise<RunningApp> {
    const { app, ready } = await spawnApp({ name, env, cwd: this.dataDir });
    this.apps.push(app);
    return { app, url: ready.split(' ').at(-1) ?? '' };
  }

  /** All that all processes have written. */
  get log(): string {
    return this.apps.map((app) => app.log).join('\n');
  }

  async stop(): Promise<void> {
    await Promise.all(this.apps.map((app) => app.kill()));
    await this.redis.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

export const whenReady = (gateway: RunningGateway): Promise<true> =>
  eventually(`${gateway.instanceId} ready`, () => isReady(gateway));

const isReady = async ({ managementUrl }: RunningGateway): Promise<true | null> =>
  (await fetch(`${managementUrl}/readyz`)).ok ? true : null;

export interface GatewayHealth {
  status: string;
  limits: string;
  config: {
    epoch: string | null;
    revision: number | null;
    source: string | null;
    refused_resources: {
      kind: string;
      id: number;
      revision: number;
      reason: string;
      since: string;
    }[];
  };
}

export async function healthOf({ managementUrl }: RunningGateway): Promise<GatewayHealth> {
  return (await (await fetch(`${managementUrl}/health`)).json()) as GatewayHealth;
}

/** The sum over all label values; 0 when the gateway has no such metric yet. */
export async function metricOf({ managementUrl }: RunningGateway, name: string): Promise<number> {
  const text = await (await fetch(`${managementUrl}/metrics`)).text();
  const lines = text.split('\n').filter((line) => /^\w+/.exec(line)?.[0] === name);
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

export const revisionOf = async (gateway: RunningGateway): Promise<number> =>
  (await healthOf(gateway)).config.revision ?? 0;
