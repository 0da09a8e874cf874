import type { ConfigFeed, ConfigHead } from '@ai-gateway/contracts';
import { describe, expect, it } from 'vitest';
import { ConfigFollower, type AppliedEvent, type FollowerClock } from './config-follower.js';
import type { ConfigSource } from './config-source.port.js';
import { ConfigStore } from './config-store.js';
import type { KeptSnapshot } from './disk-snapshot.js';
import type { PinStatus } from './pinned-revision.js';

const EPOCH = 'epoch-one';

class FakeClock implements FollowerClock {
  private now = 1_000_000;
  private timers: { dueMs: number; run: () => void }[] = [];

  nowMs = () => this.now;
  random = () => 0.5;
  schedule = (run: () => void, delayMs: number) => {
    const timer = { dueMs: this.now + delayMs, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((one) => one !== timer);
    };
  };

  /** Runs what falls due, letting promises settle after each timer. */
  async advance(byMs: number): Promise<void> {
    const endMs = this.now + byMs;
    for (;;) {
      const next = this.timers.toSorted((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined || next.dueMs > endMs) break;
      this.timers = this.timers.filter((one) => one !== next);
      this.now = next.dueMs;
      next.run();
      await settled();
    }
    this.now = endMs;
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((done) => setImmediate(done));
}

/** A source with a scripted head; feeds are empty and complete. */
class FakeSource implements ConfigSource {
  epoch = EPOCH;
  revision = 1;
  failure: string | null = null;
  closed = false;
  heads = 0;
  asked: (ConfigHead | null)[] = [];
  hold: Promise<void> | null = null;
  /** Revisions of the past it still knows. */
  history: number[] = [];
  wake: () => void = () => undefined;

  constructor(readonly name: string) {}

  async head(): Promise<ConfigHead> {
    this.heads += 1;
    await this.hold;
    if (this.failure !== null) throw new Error(this.failure);
    return { epoch: this.epoch, revision: this.revision };
  }
  changesSince(since: ConfigHead | null): Promise<ConfigFeed> {
    this.asked.push(since);
    const type = since?.epoch === this.epoch ? 'delta' : 'full';
    return Promise.resolve({ type, epoch: this.epoch, revision: this.revision, changes: [] });
  }
  contentAt(revision: number): Promise<ConfigFeed | null> {
    if (this.failure !== null) return Promise.reject(new Error(this.failure));
    const known = this.history.includes(revision);
    return Promise.resolve(
      known ? { type: 'full', epoch: this.epoch, revision, changes: [] } : null,
    );
  }
  subscribe(onWake: () => void): void {
    this.wake = onWake;
  }
  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

function setUp(options: { kept?: KeptSnapshot } = {}) {
  const clock = new FakeClock();
  const redis = new FakeSource('redis');
  const http = new FakeSource('http');
  const compileFails = { now: false };
  const store = new ConfigStore<number>({
    compile: (_resources, { revision }) => {
      if (compileFails.now) throw new Error('cannot compile');
      return { table: revision, problems: [] };
    },
    install: () => undefined,
  });
  const applied: AppliedEvent[] = [];
  const states: [string, string | null][] = [];
  const pinned: { revision: number | null } = { revision: null };
  const pins: (PinStatus | null)[] = [];
  const follower = new ConfigFollower({
    store,
    sources: [redis, http],
    clock,
    onApplied: (event) => applied.push(event),
    onSourceState: (source, problem) => states.push([source, problem]),
    loadSnapshot: () => Promise.resolve(options.kept ?? null),
    readPin: () => Promise.resolve(pinned.revision),
    onPin: (pin) => pins.push(pin),
  });
  return { clock, redis, http, store, applied, states, follower, compileFails, pinned, pins };
}

describe('ConfigFollower', () => {
  it('starts without a configuration when no source answers and says why', async () => {
    const { redis, http, follower, clock } = setUp();
    redis.failure = 'connection refused';
    http.failure = 'config-center answered 401';
    const status = await follower.start();
    expect(status).toMatchObject({ applied: null, source: null, lastContactMs: null });
    expect(status.problems).toEqual({
      redis: 'connection refused',
      http: 'config-center answered 401',
    });
    http.failure = null;
    await clock.advance(1_200);
    expect(follower.status()).toMatchObject({ applied: { revision: 1 }, source: 'http' });
    await follower.close();
  });

  it('falls to the next source, tells once, and returns to the first', async () => {
    const { redis, http, follower, clock, states } = setUp();
    await follower.start();
    expect(follower.status().source).toBe('redis');
    redis.failure = 'frozen';
    http.revision = 2;
    await clock.advance(5_000);
    expect(follower.status()).toMatchObject({ applied: { revision: 2 }, source: 'http' });
    expect(states).toEqual([['redis', 'frozen']]);
    redis.failure = null;
    redis.revision = 3;
    await clock.advance(6_000);
    expect(follower.status()).toMatchObject({ applied: { revision: 3 }, source: 'redis' });
    expect(states.at(-1)).toEqual(['redis', null]);
    await follower.close();
  });

  it('leaves a failed source alone for a while when another answers', async () => {
    const { redis, follower, clock } = setUp();
    redis.failure = 'frozen';
    await follower.start();
    redis.heads = 0;
    await clock.advance(20_000);
    expect(redis.heads).toBeLessThan(8);
    await follower.close();
  });

  it('applies a change within two seconds although every wake-up was lost', async () => {
    const { redis, follower, clock, applied } = setUp();
    await follower.start();
    redis.revision = 2;
    await clock.advance(1_100);
    expect(applied.map(({ head, source }) => [head.revision, source])).toEqual([
      [1, 'redis'],
      [2, 'redis'],
    ]);
    await follower.close();
  });

  it('turns a flood of wake-ups during one look into one more look', async () => {
    const { redis, follower, clock } = setUp();
    await follower.start();
    redis.heads = 0;
    let release: () => void = () => undefined;
    redis.hold = new Promise((resolve) => (release = resolve));
    redis.wake();
    await clock.advance(60);
    for (let index = 0; index < 1_000; index += 1) redis.wake();
    release();
    redis.hold = null;
    await settled();
    await clock.advance(60);
    expect(redis.heads).toBe(2);
    await follower.close();
  });

  it('asks for everything after an epoch change and never swings back', async () => {
    const { redis, http, follower, clock, applied } = setUp();
    redis.revision = 9;
    await follower.start();
    redis.failure = 'frozen';
    http.epoch = 'epoch-two';
    await clock.advance(2_000);
    redis.failure = null;
    await clock.advance(20_000);
    expect(applied.map(({ head }) => head.epoch)).toEqual([EPOCH, 'epoch-two']);
    expect(follower.status().problems).toEqual({ redis: 'holds an epoch that was left' });
    await follower.close();
  });

  it('does not swing either when the epoch was left long ago and another source confirms', async () => {
    const { redis, http, follower, clock, applied } = setUp();
    await follower.start();
    redis.failure = 'frozen';
    http.epoch = 'epoch-two';
    await clock.advance(2_000);
    redis.failure = null;
    await clock.advance(300_000);
    expect(applied.map(({ head }) => head.epoch)).toEqual([EPOCH, 'epoch-two']);
    http.failure = 'gone for good';
    await clock.advance(70_000);
    expect(applied.at(-1)?.head.epoch).toBe(EPOCH);
    await follower.close();
  });

  it.each([
    ['an old revision', EPOCH, 5],
    ['an old epoch', 'epoch-two', 1],
  ])('does not stay with a copy that answers and stands at %s', async (_what, epoch, revision) => {
    const { redis, http, follower, clock } = setUp();
    await follower.start();
    Object.assign(http, { epoch, revision });
    follower.expect({ epoch, revision });
    await clock.advance(2_500);
    expect(follower.status()).toMatchObject({ applied: { epoch, revision }, source: 'http' });
    expect(redis.asked).toEqual([null]);
    await follower.close();
  });

  it('stays with a copy when what it was told of was rejected', async () => {
    const { redis, http, follower, clock, compileFails } = setUp();
    await follower.start();
    http.revision = 2;
    compileFails.now = true;
    follower.expect({ epoch: EPOCH, revision: 2 });
    await clock.advance(2_500);
    expect(http.asked).toHaveLength(1);
    http.heads = 0;
    redis.heads = 0;
    for (let second = 0; second < 20; second += 1) {
      follower.expect({ epoch: EPOCH, revision: 2 });
      await clock.advance(1_000);
    }
    expect([http.heads, http.asked.length, follower.status().source]).toEqual([0, 1, 'redis']);
    await follower.close();
  });

  it('goes on with what it has when the head it was told of exists nowhere', async () => {
    const { follower, clock } = setUp();
    await follower.start();
    follower.expect({ epoch: EPOCH, revision: 99 });
    await clock.advance(10_000);
    expect(follower.status()).toMatchObject({ applied: { revision: 1 }, problems: {} });
    await follower.close();
  });

  it('does not go back to a source that is behind', async () => {
    const { redis, http, follower, clock } = setUp();
    redis.failure = 'away';
    http.revision = 7;
    await follower.start();
    redis.failure = null;
    await clock.advance(3_000);
    expect(follower.status()).toMatchObject({ applied: { revision: 7 }, source: 'http' });
    expect(follower.status().problems).toEqual({ redis: 'stands at revision 1, behind 7' });
    await follower.close();
  });

  it('does not read a rejected configuration over and over', async () => {
    const { redis, http, follower, clock, compileFails } = setUp();
    await follower.start();
    compileFails.now = true;
    redis.revision = 2;
    http.revision = 2;
    await clock.advance(10_000);
    expect(redis.asked.length + http.asked.length).toBe(2);
    expect(follower.status().problems.redis).toContain('cannot compile');
    expect(follower.status().applied?.revision).toBe(1);
    compileFails.now = false;
    redis.revision = 3;
    await clock.advance(6_000);
    expect(follower.status()).toMatchObject({ applied: { revision: 3 }, problems: {} });
    await follower.close();
  });

  it('asks nobody any more once closed, and closes its sources', async () => {
    const { redis, http, follower, clock } = setUp();
    await follower.start();
    await follower.close();
    const heads = redis.heads;
    redis.wake();
    await clock.advance(10_000);
    expect([redis.heads, redis.closed, http.closed]).toEqual([heads, true, true]);
  });
});

describe('ConfigFollower with a snapshot', () => {
  const kept: KeptSnapshot = {
    snapshot: { epoch: EPOCH, revision: 4, entries: [] },
    confirmedMs: 900_000,
  };

  it('begins with it while every source is away, and says so until one answers', async () => {
    const { redis, http, follower, applied, clock } = setUp({ kept });
    redis.failure = 'away';
    http.failure = 'away';
    expect(await follower.start()).toMatchObject({
      applied: { revision: 4 },
      source: 'snapshot',
      lastContactMs: 900_000,
    });
    await clock.advance(10_000);
    expect(follower.status().source).toBe('snapshot');
    redis.failure = null;
    redis.revision = 5;
    await clock.advance(2_000);
    expect(follower.status()).toMatchObject({ applied: { revision: 5 }, source: 'redis' });
    expect(applied.map(({ source }) => source)).toEqual(['snapshot', 'redis']);
    await follower.close();
  });

  it('does not wait for sources that keep silent', async () => {
    const { redis, follower, clock } = setUp({ kept });
    const silence = Promise.withResolvers<undefined>();
    redis.hold = silence.promise;
    const started = follower.start();
    await settled();
    await clock.advance(500);
    expect(await started).toMatchObject({ applied: { revision: 4 }, source: 'snapshot' });
    silence.resolve(undefined);
    await follower.close();
  });

  it('takes nothing from a source that is older than the snapshot', async () => {
    const { redis, http, follower } = setUp({ kept });
    redis.revision = 3;
    http.revision = 4;
    expect(await follower.start()).toMatchObject({ applied: { revision: 4 }, source: 'http' });
    await follower.close();
  });

  it('goes on without one that cannot be compiled', async () => {
    const { redis, http, follower, compileFails, states } = setUp({ kept });
    compileFails.now = true;
    redis.failure = http.failure = 'away';
    expect(await follower.start()).toMatchObject({ applied: null, source: null });
    expect(states[0]).toEqual(['snapshot', 'cannot compile']);
    await follower.close();
  });
});

describe('ConfigFollower with a pinned revision', () => {
  it('goes back to it, stays there, and follows again once it is gone', async () => {
    const { redis, http, follower, clock, pinned, pins } = setUp();
    redis.revision = http.revision = 9;
    http.history = [7];
    await follower.start();
    pinned.revision = 7;
    await clock.advance(1_200);
    expect(follower.status()).toMatchObject({
      applied: { revision: 7 },
      pin: { revision: 7, problem: null },
      source: 'redis',
    });
    redis.revision = 10;
    redis.wake();
    await clock.advance(5_000);
    expect(follower.status().applied?.revision).toBe(7);
    pinned.revision = null;
    await clock.advance(1_200);
    expect(follower.status()).toMatchObject({ applied: { revision: 10 }, pin: null });
    expect(redis.asked.at(-1)).toEqual({ epoch: EPOCH, revision: 7 });
    expect(pins).toEqual([{ revision: 7, problem: null }, null]);
    await follower.close();
  });

  it('stays at what it runs while nobody has the revision, and says why', async () => {
    const { redis, http, follower, clock, pinned } = setUp();
    redis.revision = http.revision = 9;
    await follower.start();
    pinned.revision = 3;
    redis.revision = 10;
    await clock.advance(1_200);
    expect(follower.status()).toMatchObject({
      applied: { revision: 9 },
      pin: { revision: 3, problem: expect.stringContaining('http: does not have') as string },
    });
    http.history = [3];
    await clock.advance(6_000);
    expect(follower.status()).toMatchObject({ applied: { revision: 3 }, pin: { problem: null } });
    await follower.close();
  });

  it('takes it from the snapshot when no source has it', async () => {
    const kept: KeptSnapshot = {
      snapshot: { epoch: EPOCH, revision: 4, entries: [] },
      confirmedMs: 900_000,
    };
    const { redis, http, follower, clock, pinned } = setUp({ kept });
    redis.revision = http.revision = 9;
    await follower.start();
    expect(follower.status().applied?.revision).toBe(9);
    pinned.revision = 4;
    redis.failure = http.failure = 'away';
    await clock.advance(1_200);
    expect(follower.status()).toMatchObject({
      applied: { revision: 4 },
      pin: { revision: 4, problem: null },
    });
    await follower.close();
  });
});

describe('a configuration that is doubted', () => {
  it('is read anew, whole, from the last source first, though the revision has not moved', async () => {
    const { follower, redis, http, clock, applied } = setUp();
    await follower.start();
    redis.asked = [];
    follower.reload();
    await clock.advance(100);
    expect([redis.asked, http.asked]).toEqual([[], [null]]);
    expect(applied.map(({ source }) => source)).toEqual(['redis', 'http']);
    await clock.advance(5_000);
    expect(http.asked).toEqual([null]);
    await follower.close();
  });

  it.each(['does not answer', 'is behind'])(
    'is read from another source when the last %s',
    async (how) => {
      const { follower, redis, http, clock, applied } = setUp();
      redis.revision = 2;
      await follower.start();
      redis.asked = [];
      if (how === 'does not answer') http.failure = how;
      follower.reload();
      await clock.advance(100);
      expect(redis.asked).toEqual([null]);
      expect(applied.map(({ source }) => source)).toEqual(['redis', 'redis']);
      await follower.close();
    },
  );

  it('is not read all the time although it stays doubted, nor when it is rejected', async () => {
    const { follower, redis, http, clock, compileFails } = setUp();
    await follower.start();
    redis.asked = [];
    compileFails.now = true;
    for (let second = 0; second < 60; second += 1) {
      follower.reload();
      await clock.advance(1_000);
    }
    expect(redis.asked.length + http.asked.length).toBeLessThan(6);
    await follower.close();
  });

  it('stays with a pinned revision', async () => {
    const { follower, redis, http, clock, pinned } = setUp();
    await follower.start();
    pinned.revision = 1;
    redis.asked = [];
    follower.reload();
    await clock.advance(5_000);
    expect([redis.asked, http.asked]).toEqual([[], []]);
    await follower.close();
  });
});
