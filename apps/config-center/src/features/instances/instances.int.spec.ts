import 'reflect-metadata';
import { FaultProxy } from '@ai-gateway/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp, testSettings } from '../../admin-api-client.contract.js';
import { newDatabase } from '../../new-database.contract.js';
import { beat, describeInstances, headOf, matrixOf, writeAt } from './instances.contract.js';

describeInstances('MariaDB', async () => ({ databaseUrl: await newDatabase() }));

describe('two config-centers on one database', () => {
  let first: TestApp;
  let second: TestApp;
  beforeAll(async () => {
    const databaseUrl = await newDatabase();
    [first, second] = await Promise.all([
      TestApp.start(testSettings({ databaseUrl })),
      TestApp.start(testSettings({ databaseUrl })),
    ]);
  });
  afterAll(() => Promise.all([first.stop(), second.stop()]));

  it('show the same matrix, whoever received the heartbeats', async () => {
    await beat(first, 'gw-1', await headOf(first));
    await beat(second, 'gw-2', await headOf(first));
    for (const app of [first, second]) {
      await expect
        .poll(async () => (await matrixOf(app)).items.map(({ instance_id }) => instance_id))
        .toEqual(['gw-1', 'gw-2']);
    }
  });

  it('count each other’s instances as live', async () => {
    await expect
      .poll(async () => (await beat(first, 'gw-1', await headOf(first))).live_instances, {
        timeout: 5_000,
      })
      .toBe(2);
  });

  it('wait for instances that report to the other one', async () => {
    const before = await headOf(first);
    const writing = writeAt(first, '?wait=applied&timeout=20s');
    await expect
      .poll(async () => (await headOf(first)).revision, { interval: 5 })
      .toBe(before.revision + 1);
    const startMs = performance.now();
    for (const id of ['gw-1', 'gw-2']) await beat(second, id, await headOf(first));
    expect((await writing).headers.get('x-config-applied')).toBe('2/2');
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });

  it('find two processes of one name that report to different ones', async () => {
    const newer = { process_id: 'the-newer-one' };
    await beat(first, 'twice', { process_id: 'the-older-one' });
    await expect
      .poll(
        async () => {
          const { id_conflict } = await beat(second, 'twice', newer);
          await beat(first, 'twice', { process_id: 'the-older-one' });
          return id_conflict;
        },
        { timeout: 5_000 },
      )
      .toBe(true);
  });
});

describe('while the database is away', () => {
  it('heartbeats are taken, the matrix is shown from memory, and both are shared again later', async () => {
    const databaseUrl = new URL(await newDatabase());
    const proxy = await FaultProxy.start(Number(databaseUrl.port), databaseUrl.hostname);
    databaseUrl.host = `127.0.0.1:${proxy.port}`;
    const app = await TestApp.start(testSettings({ databaseUrl: databaseUrl.href }));
    try {
      await beat(app, 'gw-1');
      expect(await matrixOf(app)).toMatchObject({ total: 1, from_memory: false });
      proxy.blackhole();
      const startMs = performance.now();
      expect((await beat(app, 'gw-2')).live_instances).toBe(2);
      expect(await matrixOf(app)).toMatchObject({ total: 2, from_memory: true });
      expect(performance.now() - startMs).toBeLessThan(2_000);
      proxy.heal();
      await expect
        .poll(async () => (await matrixOf(app)).from_memory, { timeout: 15_000 })
        .toBe(false);
    } finally {
      await app.stop();
      await proxy.close();
    }
  });
});
