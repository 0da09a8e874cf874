/** A gateway over a real Redis that starts from its disk while everything else is away. */
import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRedisConfigPublisher } from '@ai-gateway/config-feed';
import type { ConfigChange } from '@ai-gateway/contracts';
import { createLogger, newApiKey, newMasterKeyText } from '@ai-gateway/node-runtime';
import { FaultProxy, aMatcher, aModel, aNamespace, aTarget, anUpstream } from '@ai-gateway/testing';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { GatewayProcess } from '../gateway.process.js';
import { readSettings } from '../settings.js';
import { ScriptedUpstream } from '../upstream.fixture.js';

const DATABASE = 13;
const EPOCH = 'epoch-one';
const MASTER_KEY = newMasterKeyText();

let upstream: ScriptedUpstream;
let redis: Redis;
let proxy: FaultProxy;
let dataDir: string;
let running: GatewayProcess[];

beforeAll(async () => {
  upstream = await ScriptedUpstream.start();
});
afterAll(() => upstream.close());

beforeEach(async () => {
  const url = new URL(inject('redisUrl'));
  proxy = await FaultProxy.start(Number(url.port), url.hostname);
  url.pathname = `/${DATABASE}`;
  redis = new Redis(url.href);
  await redis.flushdb();
  dataDir = mkdtempSync(join(tmpdir(), 'gateway-snapshot-'));
  running = [];
  await publish(1);
});
afterEach(async () => {
  for (const gateway of running) await stop(gateway);
  await proxy.close();
  redis.disconnect();
  rmSync(dataDir, { recursive: true, force: true });
});

const file = (): string => join(dataDir, 'config.snapshot');

async function publish(revision: number): Promise<void> {
  const values = {
    namespace: aNamespace(),
    matcher: aMatcher(),
    upstream: anUpstream(),
    target: aTarget({ url: upstream.url }),
    model: aModel(),
  };
  const changes: ConfigChange[] = Object.entries(values).map(([kind, value]) => ({
    kind,
    id: 1,
    revision,
    value,
  }));
  const feed = { type: 'full' as const, epoch: EPOCH, revision, changes };
  await createRedisConfigPublisher({ redis }).replaceAll(feed);
  await redis.publish('config:changed', '');
}

async function start(env: Record<string, string> = {}): Promise<GatewayProcess> {
  const settings = readSettings({
    GATEWAY_PORT: '0',
    GATEWAY_MANAGEMENT_PORT: '0',
    GATEWAY_ALLOW_ANONYMOUS: 'true',
    GATEWAY_DRAIN_MS: '0',
    LOG_LEVEL: 'error',
    UPSTREAM_ALLOW_ADDRESSES: '127.0.0.0/8',
    DATA_DIR: dataDir,
    MASTER_KEY,
    REDIS_URL: proxiedRedis().href,
    CONFIG_CENTER_URL: 'http://127.0.0.1:1',
    GATEWAY_SERVICE_CREDENTIAL: 'service-credential-1234',
    ...env,
  });
  const logger = createLogger({ name: 'gateway', level: 'fatal' as 'error' });
  const gateway = await GatewayProcess.create(settings, logger);
  await gateway.start();
  running.push(gateway);
  return gateway;
}

function proxiedRedis(): URL {
  const url = new URL(inject('redisUrl'));
  url.port = String(proxy.port);
  url.pathname = `/${DATABASE}`;
  return url;
}

async function stop(gateway: GatewayProcess): Promise<void> {
  running = running.filter((one) => one !== gateway);
  await gateway.drain();
  await gateway.close();
}

/** Leaves a snapshot of revision 1 behind. */
async function runOnce(): Promise<void> {
  await stop(await start());
}

const chat = (gateway: GatewayProcess, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${gateway.port}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', channelcode: 'wechat', ...headers },
    body: JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hi' }] }),
  });

async function health(gateway: GatewayProcess) {
  const response = await fetch(`http://127.0.0.1:${gateway.managementPort}/health`);
  return (await response.json()) as { status: string; config: Record<string, unknown> };
}

async function metric(gateway: GatewayProcess, series: string): Promise<number | null> {
  const text = await (await fetch(`http://127.0.0.1:${gateway.managementPort}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? null : Number(line.slice(series.length));
}

async function until(holds: () => Promise<boolean> | boolean, withinMs = 5_000): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`not true within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('a gateway whose stores and control plane are away', () => {
  it('serves from its snapshot within 3 s, says so, and attaches again within 5 s', async () => {
    await runOnce();
    proxy.blackhole();
    const begunMs = performance.now();
    const gateway = await start();
    expect((await chat(gateway)).status).toBe(200);
    expect(performance.now() - begunMs).toBeLessThan(3_000);
    expect(await health(gateway)).toMatchObject({
      status: 'degraded',
      config: { revision: 1, source: 'snapshot' },
    });
    expect(await metric(gateway, 'gateway_config_source{source="snapshot"}')).toBe(1);
    expect(await metric(gateway, 'gateway_config_source{source="redis"}')).toBe(0);
    await publish(2);
    proxy.heal();
    await until(() => gateway.revision === 2);
    expect((await health(gateway)).config).toMatchObject({ source: 'redis' });
    expect(await metric(gateway, 'gateway_config_source{source="snapshot"}')).toBe(0);
  });

  it.each([
    ['a flipped byte', () => flipByte()],
    ['half a file', () => truncateSync(file(), statSync(file()).size >> 1)],
    ['an empty file', () => writeFileSync(file(), '')],
  ])('does not start from %s, but stays alive', async (_what, damage) => {
    await runOnce();
    damage();
    proxy.blackhole();
    const gateway = await start();
    expect((await chat(gateway)).status).toBe(503);
    const livez = await fetch(`http://127.0.0.1:${gateway.managementPort}/livez`);
    const readyz = await fetch(`http://127.0.0.1:${gateway.managementPort}/readyz`);
    expect([livez.status, readyz.status]).toEqual([200, 503]);
    expect(await metric(gateway, 'gateway_snapshots_discarded_total')).toBe(1);
    proxy.heal();
    await until(async () => (await chat(gateway)).status === 200);
  });

  it('does not start from the snapshot of another master key', async () => {
    await runOnce();
    proxy.blackhole();
    const gateway = await start({ MASTER_KEY: newMasterKeyText() });
    expect((await chat(gateway)).status).toBe(503);
  });

  it('refuses API keys, and those alone, after the time it may believe them', async () => {
    await runOnce();
    proxy.blackhole();
    const gateway = await start({ GATEWAY_AUTH_MAX_STALE_SEC: '1' });
    const withKey = { authorization: `Bearer ${newApiKey()}` };
    await until(async () => (await chat(gateway, withKey)).status === 503);
    const refused = await chat(gateway, withKey);
    expect(refused.headers.get('x-gateway-error')).toBe('auth_stale');
    expect((await chat(gateway)).status).toBe(200);
    expect(await health(gateway)).toMatchObject({ api_keys: 'refused' });
    proxy.heal();
    await until(async () => (await chat(gateway, withKey)).status === 401);
  });
});

const flipByte = (): void => {
  const bytes = readFileSync(file());
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  writeFileSync(file(), bytes);
};

describe('the snapshot of a gateway', () => {
  it('follows what it runs, for its owner alone', async () => {
    const gateway = await start();
    await until(() => readdirSync(dataDir).includes('config.snapshot'));
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    const before = readFileSync(file());
    await publish(2);
    await until(() => !readFileSync(file()).equals(before));
    expect(await metric(gateway, 'gateway_snapshot_age_seconds')).toBeLessThan(3);
  });

  it('is kept whole where the disk takes no writes, while requests go on', async () => {
    await runOnce();
    const before = readFileSync(file());
    const gateway = await start();
    // Who is root writes into any folder, but not into what is none.
    renameSync(dataDir, `${dataDir}.aside`);
    writeFileSync(dataDir, '');
    await publish(2);
    await until(
      async () => ((await metric(gateway, 'gateway_snapshot_write_failures_total')) ?? 0) > 0,
    );
    expect((await chat(gateway)).status).toBe(200);
    expect(gateway.revision).toBe(2);
    rmSync(dataDir);
    renameSync(`${dataDir}.aside`, dataDir);
    expect(readFileSync(file()).equals(before)).toBe(true);
  });
});

describe('a pinned gateway', () => {
  it('starts at the pinned revision of its snapshot, stays there, and follows when let go', async () => {
    await runOnce();
    writeFileSync(join(dataDir, 'pinned-revision'), '1\n');
    await publish(2);
    const gateway = await start();
    expect(gateway.revision).toBe(1);
    await publish(3);
    await until(async () => (await health(gateway)).config['source'] === 'redis');
    expect((await health(gateway)).config).toMatchObject({
      revision: 1,
      pinned: { revision: 1, problem: null },
    });
    expect(await metric(gateway, 'gateway_config_pinned{reached="true"}')).toBe(1);
    rmSync(join(dataDir, 'pinned-revision'));
    await until(() => gateway.revision === 3, 3_000);
  });

  it('says why it does not run a revision nobody has', async () => {
    const gateway = await start();
    writeFileSync(join(dataDir, 'pinned-revision'), '77');
    await until(
      async () => (await metric(gateway, 'gateway_config_pinned{reached="false"}')) === 77,
    );
    expect((await health(gateway)).config).toMatchObject({
      revision: 1,
      pinned: {
        revision: 77,
        problem: expect.stringContaining('redis: keeps no history') as string,
      },
    });
  });
});
