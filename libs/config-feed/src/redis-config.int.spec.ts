/** Publisher and source over a real Redis, with its faults. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import {
  CONFIG_CHANGED_CHANNEL,
  feedKeys,
  type ConfigChange,
  type ConfigFeed,
} from '@ai-gateway/contracts';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createRedisConfigPublisher } from './redis-config.publisher.js';
import { createRedisConfigSource } from './redis-config.source.js';
import type { ConfigSource } from './config-source.port.js';

const EPOCH = 'epoch-one';
/** The feed keys have fixed names, so these tests have a database of their own. */
const DATABASE = 11;
const signal = new AbortController().signal;

const change = (id: number, revision: number, value: unknown = { n: revision }): ConfigChange => ({
  kind: 'namespace',
  id,
  revision,
  value,
});
const full = (revision: number, changes: ConfigChange[], epoch = EPOCH): ConfigFeed => ({
  type: 'full',
  epoch,
  revision,
  changes,
});
const at = (revision: number, epoch = EPOCH) => ({ epoch, revision });

let url: string;
let admin: Redis;
let open: ConfigSource[] = [];

const newSource = (redis = url, bounds = {}) => {
  const source = createRedisConfigSource({ redis, bounds });
  open.push(source);
  return source;
};
const newPublisher = (keptRevisions = 1_000) =>
  createRedisConfigPublisher({ redis: admin, keptRevisions });

/** Counts wakes; `next(n)` resolves at the n-th. */
class Wakes {
  count = 0;
  private waiting: { count: number; resolve: () => void }[] = [];
  readonly wake = () => {
    this.count += 1;
    for (const { count, resolve } of this.waiting) if (this.count >= count) resolve();
  };
  reach(count: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.count >= count) resolve();
      else this.waiting.push({ count, resolve });
    });
  }
}

beforeEach(async () => {
  const target = new URL(inject('redisUrl'));
  target.pathname = `/${DATABASE}`;
  url = target.href;
  admin = new Redis(url);
  await admin.flushdb();
});

afterEach(async () => {
  await Promise.all(open.map((source) => source.close()));
  open = [];
  admin.disconnect();
});

describe('the copy in Redis', () => {
  it('is a gap until it was written as a whole', async () => {
    const publisher = newPublisher();
    expect(await publisher.publish({ ...at(1), changes: [change(1, 1)] })).toBe('gap');
    expect(await publisher.head()).toBeNull();
    await expect(newSource().head(signal)).rejects.toThrow('no configuration copy');
    await expect(newSource().changesSince(null, signal)).rejects.toThrow('FEED_EMPTY');
  });

  it('never goes backwards and asks to be rebuilt when revisions are missing', async () => {
    const publisher = newPublisher();
    await publisher.replaceAll(full(5, [change(1, 5)]));
    expect(await publisher.publish({ ...at(5), changes: [change(1, 5, 'x')] })).toBe('stale');
    expect(await publisher.publish({ ...at(4), changes: [] })).toBe('stale');
    expect(await publisher.publish({ ...at(7), changes: [] })).toBe('gap');
    expect(await publisher.publish({ ...at(6, 'epoch-two'), changes: [] })).toBe('gap');
    expect(await publisher.replaceAll(full(4, []))).toBe('stale');
    expect(await publisher.head()).toEqual(at(5));
    expect(await admin.keys('*staging*')).toEqual([]);
  });

  it('gives a delta where the log reaches back and everything where it does not', async () => {
    const publisher = newPublisher(2);
    const source = newSource();
    await publisher.replaceAll(full(1, [change(1, 1), change(2, 1)]));
    await publisher.publish({ ...at(2), changes: [change(1, 2, null), change(3, 2)] });
    await publisher.publish({ ...at(3), changes: [change(2, 3)] });
    await publisher.publish({ ...at(4), changes: [] });
    const read = async (revision: number, epoch = EPOCH) => {
      const feed = await source.changesSince(at(revision, epoch), signal);
      expect(feed).toMatchObject(at(4));
      return [feed.type, feed.changes.map(({ id, value }) => [id, value])];
    };
    expect(await read(4)).toEqual(['delta', []]);
    expect(await read(2)).toEqual(['delta', [[2, { n: 3 }]]]);
    const everything = [
      'full',
      [
        [2, { n: 3 }],
        [3, { n: 2 }],
      ],
    ];
    expect(await read(1)).toEqual(everything);
    expect(await read(9)).toEqual(everything);
    expect(await read(4, 'epoch-two')).toEqual(everything);
    expect(await admin.zcard(feedKeys.log)).toBe(1);
  });

  it('keeps revisions beyond 2^31 and empty arrays exactly', async () => {
    const revision = Number.MAX_SAFE_INTEGER - 1;
    const publisher = newPublisher();
    await publisher.replaceAll(full(revision, []));
    await publisher.publish({ ...at(revision + 1), changes: [change(1, revision + 1, { a: [] })] });
    const feed = await newSource().changesSince(at(revision), signal);
    expect(feed).toEqual({
      type: 'delta',
      ...at(revision + 1),
      changes: [change(1, revision + 1, { a: [] })],
    });
  });

  it('is noticed as torn when part of it was evicted', async () => {
    const publisher = newPublisher();
    await publisher.replaceAll(full(1, [change(1, 1)]));
    await admin.del(feedKeys.resources);
    await expect(newSource().changesSince(null, signal)).rejects.toThrow('FEED_TORN');
    expect(await publisher.publish({ ...at(2), changes: [change(1, 2)] })).toBe('gap');
  });

  it('is refused when it holds garbage or more than the bounds', async () => {
    await newPublisher().replaceAll(full(1, [change(1, 1), change(2, 1, 'x'.repeat(1_000))]));
    await expect(newSource(url, { maxChanges: 1 }).changesSince(null, signal)).rejects.toThrow(
      'FEED_TOO_LARGE 2 changes',
    );
    await expect(newSource(url, { maxBytes: 500 }).changesSince(null, signal)).rejects.toThrow(
      'FEED_TOO_LARGE',
    );
    await admin.hset(feedKeys.resources, 'namespace:1', '{"kind":');
    await expect(newSource().changesSince(null, signal)).rejects.toThrow();
  });

  it('survives FLUSHALL as a new start, also of another epoch', async () => {
    const publisher = newPublisher();
    const source = newSource();
    await publisher.replaceAll(full(9, [change(1, 9)]));
    await admin.flushdb();
    await admin.script('FLUSH');
    await expect(source.changesSince(at(9), signal)).rejects.toThrow('FEED_EMPTY');
    expect(await publisher.publish({ ...at(10), changes: [] })).toBe('gap');
    await publisher.replaceAll(full(2, [change(7, 2)], 'epoch-two'));
    expect(await source.changesSince(at(9), signal)).toEqual(full(2, [change(7, 2)], 'epoch-two'));
  });

  it('takes a large configuration whole', async () => {
    const many = Array.from({ length: 1_234 }, (_, index) => change(index + 1, 1));
    await newPublisher().replaceAll(full(1, many));
    expect((await newSource().changesSince(null, signal)).changes).toHaveLength(1_234);
    expect(await admin.ttl(feedKeys.resources)).toBe(-1);
  });
});

describe('wake-ups over Redis', () => {
  it('come with each revision, and with whatever garbage is sent', async () => {
    const wakes = new Wakes();
    newSource().subscribe(wakes.wake);
    await wakes.reach(1);
    await newPublisher().replaceAll(full(1, []));
    await wakes.reach(2);
    await newPublisher().publish({ ...at(2), changes: [] });
    await wakes.reach(3);
    await admin.publish(CONFIG_CHANGED_CHANNEL, '\u0000}{ not json');
    await wakes.reach(4);
  });

  it('begin again, with one wake for what was missed, after the subscription was killed', async () => {
    const wakes = new Wakes();
    newSource().subscribe(wakes.wake);
    await wakes.reach(1);
    await killSubscriptions();
    await wakes.reach(2);
    await admin.publish(CONFIG_CHANGED_CHANNEL, '');
    await wakes.reach(3);
  });
});

describe('a Redis that lets nobody subscribe', () => {
  const USER = 'feed-reader';
  afterEach(() => admin.acl('DELUSER', USER));

  it('is asked again on the same connection, and heard once it allows it', async () => {
    await admin.acl('SETUSER', USER, 'on', '>secret', '~*', '&*', '+@all', '-subscribe');
    const allowed = new URL(url);
    allowed.username = USER;
    allowed.password = 'secret';
    const wakes = new Wakes();
    newSource(allowed.href).subscribe(wakes.wake);
    await expect.poll(listeners).toHaveLength(1);
    const before = await listeners();
    await sleep(700);
    expect(await listeners()).toEqual(before);
    await admin.acl('SETUSER', USER, '+subscribe');
    await wakes.reach(1);
    expect(await listeners()).toEqual(before);
  });

  /** Ids of the connections that are to hear wake-ups. */
  async function listeners(): Promise<(string | undefined)[]> {
    const clients = String(await admin.call('CLIENT', 'LIST')).split('\n');
    return clients
      .filter((client) => client.includes(` user=${USER} `))
      .filter((client) => client.includes(' name=config-feed-wake '))
      .map((client) => /^id=(\d+)/.exec(client)?.[1]);
  }
});

it('publishes a revision of more changes than a call has arguments', async () => {
  const publisher = newPublisher();
  await publisher.replaceAll(full(1, []));
  const changes = Array.from({ length: 60_000 }, (_, index) => change(index + 1, 2, 1));
  expect(await publisher.publish({ ...at(2), changes })).toBe('published');
});

describe('a slow network', () => {
  it('delivers a large configuration, however long that takes, while bytes arrive', async () => {
    const values = Array.from({ length: 40 }, (_, id) => change(id + 1, 1, 'x'.repeat(50_000)));
    await newPublisher().replaceAll(full(1, values));
    const proxy = await Pauser.before(url, 50);
    try {
      const startMs = performance.now();
      const feed = await newSource(proxy.url).changesSince(null, signal);
      expect(feed.changes).toHaveLength(40);
      expect(performance.now() - startMs).toBeGreaterThan(1_000);
    } finally {
      proxy.close();
    }
  });
});

describe('a connection that went silent', () => {
  let proxy: Pauser;
  beforeEach(async () => {
    proxy = await Pauser.before(url);
  });
  afterEach(() => proxy.close());

  it('is given up within three seconds by the listener, which then wakes', async () => {
    const wakes = new Wakes();
    newSource(proxy.url).subscribe(wakes.wake);
    await wakes.reach(1);
    const startMs = performance.now();
    proxy.freezeOpenConnections();
    await wakes.reach(2);
    expect(performance.now() - startMs).toBeLessThan(3_000);
  });

  it('fails a read within its timeout and is replaced for the next', async () => {
    await newPublisher().replaceAll(full(3, []));
    const source = newSource(proxy.url);
    expect(await source.head(signal)).toEqual(at(3));
    proxy.freezeOpenConnections();
    await expect(source.head(signal)).rejects.toThrow('Command timed out');
    await expect
      .poll(() => source.head(signal).catch(() => null), { timeout: 3_000 })
      .toEqual(at(3));
  });
});

it('reports a Redis that is not there within its timeout', async () => {
  const source = newSource('redis://127.0.0.1:1');
  await expect(source.head(signal)).rejects.toThrow();
  await expect(source.head(signal)).rejects.toThrow();
});

/** Of this database only: other tests share the server. */
async function killSubscriptions(): Promise<void> {
  const clients = String(await admin.call('CLIENT', 'LIST', 'TYPE', 'pubsub')).split('\n');
  const own = clients.filter((client) => client.includes(` db=${DATABASE} `));
  expect(own).toHaveLength(1);
  for (const client of own) await admin.client('KILL', 'ID', /^id=(\d+)/.exec(client)?.[1] ?? '');
}

async function passOn(from: Socket, to: Socket, pauseMs: number): Promise<void> {
  for await (const bytes of from) {
    await sleep(pauseMs);
    to.write(bytes as Buffer);
  }
}

/** A TCP proxy that can stop forwarding without closing anything. */
class Pauser {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** @param pauseMs before each piece of an answer, at most 64 kB, is passed on */
  static async before(redisUrl: string, pauseMs = 0): Promise<Pauser> {
    const { hostname, port } = new URL(redisUrl);
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const own = new URL(redisUrl);
    own.port = String((server.address() as AddressInfo).port);
    own.hostname = '127.0.0.1';
    const pauser = new Pauser(server, own.href);
    server.on('connection', (client) => {
      const upstream = connect(Number(port), hostname);
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        pauser.sockets.add(from);
        from.on('error', () => to.destroy());
        from.on('close', () => to.destroy());
        if (from === upstream && pauseMs > 0) passOn(from, to, pauseMs).catch(() => to.destroy());
        else from.pipe(to);
      }
    });
    return pauser;
  }

  freezeOpenConnections(): void {
    for (const socket of this.sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}
