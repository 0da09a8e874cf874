/** Gateways that have only their disk, and disks that have nothing usable. */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DURABLE, startMariaDb, type RunningMariaDb } from '@ai-gateway/devkit';
import { newMasterKeyText } from '@ai-gateway/node-runtime';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../eventually.js';
import { healthOf, metricOf, revisionOf, whenReady } from '../installation.js';
import { Load, chat } from '../load.js';
import { FaultRig, type RigGateway } from './fault-rig.js';
import { MANY, STEP, requestLimitOf, requestsPerMinute } from './rules.js';

let mariaDb: RunningMariaDb;
let rig: FaultRig;
let headers: Record<string, string>;
let rulePath: string;
let limit = MANY;

beforeAll(async () => {
  mariaDb = await startMariaDb({ args: DURABLE });
  rig = await FaultRig.start({
    mysqlUrl: mariaDb.url,
    gatewayEnv: { GATEWAY_AUTH_MAX_STALE_SEC: '4' },
  });
  const tenant = await rig.tenant('kept', [requestsPerMinute(MANY)]);
  headers = tenant.headers;
  rulePath = `/api/v1/rules/${tenant.ruleIds[0] ?? 0}`;
});
afterEach(() => rig.heal());
afterAll(async () => {
  await rig.stop();
  await mariaDb.stop();
});

async function changeLimit(): Promise<number> {
  limit += STEP;
  const body = { rule_config: { max_requests_per_minute: limit } };
  return (await rig.admin.write('PUT', rulePath, body)).revision;
}

const fileOf = ({ running }: RigGateway): string =>
  join(rig.installation.dataDirOf(running), 'config.snapshot');

const digestOf = (gateway: RigGateway): string =>
  createHash('sha256')
    .update(readFileSync(fileOf(gateway)))
    .digest('hex');

/** Changes the limit and waits until these gateways have it on their disks. */
async function changeAndKeep(gateways: readonly RigGateway[]): Promise<number> {
  const revision = await changeLimit();
  await rig.applied(revision);
  const appliedAtMs = Date.now();
  await Promise.all(gateways.map((gateway) => rig.kept(gateway, appliedAtMs)));
  return revision;
}

const statusOf = async ({ running }: RigGateway, path: string): Promise<number> =>
  (await fetch(`${running.managementUrl}/${path}`)).status;

describe('F14 everything else away', () => {
  let revision: number;

  it('a gateway that starts serves its snapshot within 3 s and says so', async () => {
    revision = await changeAndKeep(rig.gateways);
    await Promise.all([rig.killConfigCenter(0), rig.killConfigCenter(1)]);
    await Promise.all([rig.installation.redis.kill(), mariaDb.kill()]);
    for (const index of rig.gateways.keys()) {
      const startedMs = performance.now();
      const { running } = await rig.relaunchGateway(index);
      const answer = await eventually('an answer', async () => {
        const sample = await chat(running.url, headers);
        return sample.status === 200 ? sample : null;
      });
      expect(performance.now() - startedMs).toBeLessThan(3000);
      expect(answer.revision).toBe(revision);
      const { config } = await healthOf(running);
      expect([config.source, config.revision]).toEqual(['snapshot', revision]);
    }
  });

  it('the limits of the snapshot hold', async () => {
    const answers = await Promise.all(rig.urls.map((url) => chat(url, headers)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('all attach again by themselves within 5 s of the return, and changes go on', async () => {
    await Promise.all([mariaDb.restart(), rig.installation.redis.restart()]);
    await Promise.all([rig.restartConfigCenter(0), rig.restartConfigCenter(1)]);
    const backAt = performance.now();
    for (const { running } of rig.gateways) {
      await eventually(`${running.instanceId} attached`, async () => {
        const { config } = await healthOf(running);
        return config.source !== null && config.source !== 'snapshot' ? true : null;
      });
    }
    expect(performance.now() - backAt).toBeLessThan(5000);
    await rig.applied(await changeLimit());
    const answers = await Promise.all(rig.urls.map((url) => chat(url, headers)));
    expect(answers.map(requestLimitOf)).toEqual([limit, limit, limit]);
  });
});

const halved = (file: Buffer): Buffer => file.subarray(0, file.length / 2);
function flipped(file: Buffer): Buffer {
  const damaged = Buffer.from(file);
  const at = Math.floor(Math.random() * damaged.length);
  damaged[at] = ~(damaged[at] ?? 0) & 0xff;
  return damaged;
}

describe('F21 a snapshot that is damaged', () => {
  it.each([
    ['a flipped byte', flipped, {}],
    ['half a file', halved, {}],
    ['another key', (file: Buffer) => file, { MASTER_KEY: newMasterKeyText() }],
  ])(
    '%s: discarded; without a source 503, alive; with one it serves',
    async (_how, damage, env) => {
      const gateway = rig.gateway(0);
      await changeAndKeep([gateway]);
      await gateway.running.app.kill();
      writeFileSync(fileOf(gateway), damage(readFileSync(fileOf(gateway))));
      rig.isolate(gateway);
      await rig.relaunchGateway(0, env);
      const refused = await chat(gateway.running.url, headers);
      expect([refused.status, refused.headers.get('x-gateway-error')]).toEqual([
        503,
        'config_not_ready',
      ]);
      expect(await statusOf(gateway, 'readyz')).toBe(503);
      expect(await statusOf(gateway, 'livez')).toBe(200);
      expect(await metricOf(gateway.running, 'gateway_snapshots_discarded_total')).toBe(1);
      rig.heal();
      await whenReady(gateway.running);
      // Until Redis is back for the limiter too, it admits this instance's share.
      await eventually('the whole limit', async () =>
        requestLimitOf(await chat(gateway.running.url, headers)) === limit ? true : null,
      );
      await rig.relaunchGateway(0);
      await whenReady(gateway.running);
    },
  );
});

describe('F22 a disk that takes no writes', () => {
  it('the gateway serves and applies on, counts it, and the old snapshot stays as it is', async () => {
    const gateway = rig.gateway(1);
    await changeAndKeep([gateway]);
    const folder = rig.installation.dataDirOf(gateway.running);
    const before = digestOf(gateway);
    // A folder that is a file refuses writes of any user.
    renameSync(folder, `${folder}.aside`);
    writeFileSync(folder, '');
    const load = new Load({ urls: [gateway.running.url], headers, loops: 2, pauseMs: 10 });
    await rig.applied(await changeLimit());
    await eventually('the failure is counted', async () => {
      const failures = await metricOf(gateway.running, 'gateway_snapshot_write_failures_total');
      return failures > 0 ? true : null;
    });
    expect(requestLimitOf(await chat(gateway.running.url, headers))).toBe(limit);
    rmSync(folder);
    renameSync(`${folder}.aside`, folder);
    expect(digestOf(gateway)).toBe(before);
    await eventually('written again', async () => (digestOf(gateway) === before ? null : true));
    expect(await load.stop()).toEqual([]);
  });
});

describe('F23 a gateway killed while it writes its snapshot', () => {
  it('every time a whole snapshot is found, as new as the last one kept', async () => {
    const gateway = rig.gateway(2);
    for (let round = 0; round < 3; round += 1) {
      const keptRevision = await changeAndKeep([gateway]);
      // The next snapshot is being written some time after this, or is not.
      await rig.applied(await changeLimit());
      await gateway.running.app.kill();
      rig.isolate(gateway);
      await rig.relaunchGateway(2);
      await whenReady(gateway.running);
      expect((await healthOf(gateway.running)).config.source).toBe('snapshot');
      expect(await revisionOf(gateway.running)).toBeGreaterThanOrEqual(keptRevision);
      expect(await metricOf(gateway.running, 'gateway_snapshots_discarded_total')).toBe(0);
      rig.heal();
    }
  });
});

describe('F27 a key revoked while a gateway is cut off', () => {
  const call = async ({ running }: RigGateway, key: string): Promise<[number, string | null]> => {
    const bearer = { ...headers, authorization: `Bearer ${key}` };
    const { status, headers: answered } = await chat(running.url, bearer);
    return [status, answered.get('x-gateway-error')];
  };
  const newKey = async (name: string) => {
    const { resource, revision } = await rig.admin.write('POST', '/api/v1/api-keys', {
      key_name: name,
    });
    await rig.applied(revision);
    return { id: Number(resource['key_id']), key: String(resource['key']) };
  };

  it('elsewhere it ends within 2 s; there it counts until the last word is too old, then no key does', async () => {
    const [revoked, other] = [await newKey('revoked'), await newKey('other')];
    const [isolated, connected] = [rig.gateway(2), rig.gateway(1)];
    rig.isolate(isolated);
    await rig.admin.write('DELETE', `/api/v1/api-keys/${revoked.id}`);
    const revokedAt = performance.now();
    expect(await call(isolated, revoked.key)).toEqual([200, null]);
    await eventually('the key ends at a connected gateway', async () =>
      (await call(connected, revoked.key))[0] === 401 ? true : null,
    );
    expect(performance.now() - revokedAt).toBeLessThan(2000);
    expect(await call(connected, other.key)).toEqual([200, null]);
    await eventually('keys are refused at the gateway that is cut off', async () =>
      (await call(isolated, revoked.key))[1] === 'auth_stale' ? true : null,
    );
    expect(await call(isolated, other.key)).toEqual([503, 'auth_stale']);
    expect((await chat(isolated.running.url, headers)).status).toBe(200);
    rig.heal();
    await eventually('the other key counts again', async () =>
      (await call(isolated, other.key))[0] === 200 ? true : null,
    );
    expect((await call(isolated, revoked.key))[0]).toBe(401);
  });
});
