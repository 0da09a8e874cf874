/** The whole chain over a real Redis: publisher, source, follower, store. */
import { Redis } from 'ioredis';
import type { ConfigChange, ConfigHead } from '@ai-gateway/contracts';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { ConfigFollower } from './config-follower.js';
import { ConfigStore } from './config-store.js';
import { createRedisConfigPublisher } from './redis-config.publisher.js';
import { createRedisConfigSource } from './redis-config.source.js';

/** The feed keys have fixed names, so these tests have a database of their own. */
const DATABASE = 12;
const EPOCH = 'epoch-one';

let admin: Redis;
let follower: ConfigFollower<number>;
let store: ConfigStore<number>;
let applied: ConfigHead[];
let onApplied: () => void;

const namespace = (id: number, revision: number): ConfigChange => ({
  kind: 'namespace',
  id,
  revision,
  value: {
    namespace_id: id,
    namespace_code: `n${id}`,
    namespace_name: `revision ${revision}`,
    description: null,
    status: 1,
    is_default: false,
    labels: {},
    policy_ids: [],
  },
});
const names = () => [...store.resources.namespace.values()].map((one) => one.namespace_name);

function nextApplied(matching: (head: ConfigHead) => boolean): Promise<void> {
  return new Promise((resolve) => {
    onApplied = () => {
      if (applied.some(matching)) resolve();
    };
    onApplied();
  });
}

beforeEach(async () => {
  const target = new URL(inject('redisUrl'));
  target.pathname = `/${DATABASE}`;
  admin = new Redis(target.href);
  await admin.flushdb();
  applied = [];
  onApplied = () => undefined;
  store = new ConfigStore({
    compile: (resources) => ({ table: resources.namespace.size, problems: [] }),
    install: () => undefined,
  });
  follower = new ConfigFollower({
    store,
    sources: [createRedisConfigSource({ redis: target.href })],
    onApplied: ({ head }) => {
      applied.push(head);
      onApplied();
    },
  });
});

afterEach(async () => {
  await follower.close();
  admin.disconnect();
});

it('applies a published revision within 200 ms', async () => {
  const publisher = createRedisConfigPublisher({ redis: admin });
  await publisher.replaceAll({
    type: 'full',
    epoch: EPOCH,
    revision: 1,
    changes: [namespace(1, 1)],
  });
  await follower.start();
  for (let revision = 2; revision <= 6; revision += 1) {
    const arrived = nextApplied((head) => head.revision === revision);
    const startMs = performance.now();
    await publisher.publish({ epoch: EPOCH, revision, changes: [namespace(1, revision)] });
    await arrived;
    expect(performance.now() - startMs).toBeLessThan(200);
  }
  expect(names()).toEqual(['revision 6']);
});

it('starts empty, keeps what it has through a flush, and follows the new epoch', async () => {
  const publisher = createRedisConfigPublisher({ redis: admin });
  expect(await follower.start()).toMatchObject({ applied: null, source: null });
  const full = { type: 'full' as const, changes: [namespace(1, 40), namespace(2, 40)] };
  await publisher.replaceAll({ ...full, epoch: EPOCH, revision: 40 });
  await nextApplied((head) => head.epoch === EPOCH);
  await admin.flushdb();
  follower.wake();
  await expect.poll(() => follower.status().problems.redis).toContain('no configuration copy');
  expect(names()).toHaveLength(2);
  await publisher.replaceAll({
    ...full,
    epoch: 'epoch-two',
    revision: 3,
    changes: [namespace(2, 3)],
  });
  await nextApplied((head) => head.epoch === 'epoch-two');
  expect(names()).toEqual(['revision 3']);
  await expect.poll(() => follower.status().source).toBe('redis');
  expect(follower.status()).toMatchObject({ problems: {}, nacks: [] });
});

it('converges within two seconds when the wake-up is lost', async () => {
  const publisher = createRedisConfigPublisher({ redis: admin });
  await publisher.replaceAll({
    type: 'full',
    epoch: EPOCH,
    revision: 1,
    changes: [namespace(1, 1)],
  });
  await follower.start();
  const arrived = nextApplied((head) => head.revision === 2);
  const startMs = performance.now();
  const clients = String(await admin.call('CLIENT', 'LIST', 'TYPE', 'pubsub')).split('\n');
  for (const client of clients.filter((one) => one.includes(` db=${DATABASE} `))) {
    await admin.client('KILL', 'ID', /^id=(\d+)/.exec(client)?.[1] ?? '');
  }
  await publisher.publish({ epoch: EPOCH, revision: 2, changes: [namespace(1, 2)] });
  await arrived;
  expect(performance.now() - startMs).toBeLessThan(2_000);
});
