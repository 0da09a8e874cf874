import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ConfigSnapshot } from './config-snapshot.js';
import type { KeptSnapshot } from './disk-snapshot.js';
import { SnapshotKeeper } from './snapshot-keeper.js';

/** A disk in memory that can be full or damaged. */
class FakeDisk {
  kept: KeptSnapshot | null = null;
  saved: number[] = [];
  confirmations = 0;
  isFull = false;
  isDamaged = false;

  cleaned = 0;
  confirmedMs = 0;
  saving: Promise<void> | null = null;

  clean = () => {
    this.cleaned += 1;
    return Promise.resolve();
  };
  load = () => (this.isDamaged ? Promise.reject(new Error('damaged')) : Promise.resolve(this.kept));
  save = (snapshot: ConfigSnapshot) => {
    if (this.isFull) return Promise.reject(new Error('no space left'));
    this.saved.push(snapshot.revision);
    return this.saving ?? Promise.resolve();
  };
  confirm = (atMs: number) => {
    this.confirmations += 1;
    this.confirmedMs = atMs;
    return Promise.resolve();
  };
}

function setUp() {
  const disk = new FakeDisk();
  const now = { revision: 1 };
  const told: string[] = [];
  const keeper = new SnapshotKeeper({
    disk,
    capture: () => ({ epoch: 'epoch-one', revision: now.revision, entries: [] }),
    onDiscarded: () => told.push('discarded'),
    onWriteFailed: () => told.push('failed'),
    onWriteState: (failure) => told.push(failure === null ? 'works' : 'broken'),
    gapMs: 2_000,
    retryMs: 5_000,
  });
  const change = (revision: number): void => {
    now.revision = revision;
    keeper.touch();
  };
  return { disk, told, keeper, change };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('SnapshotKeeper', () => {
  it('writes at once, then the newest state after the gap', async () => {
    const { disk, change } = setUp();
    change(1);
    await vi.advanceTimersByTimeAsync(1);
    for (const revision of [2, 3, 4]) change(revision);
    await vi.advanceTimersByTimeAsync(1_500);
    expect(disk.saved).toEqual([1]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(disk.saved).toEqual([1, 4]);
  });

  it('tells once of a disk that takes no writes, counts each, and tries until it does', async () => {
    const { disk, told, change } = setUp();
    disk.isFull = true;
    change(1);
    await vi.advanceTimersByTimeAsync(11_000);
    expect(told).toEqual(['failed', 'broken', 'failed', 'failed']);
    disk.isFull = false;
    await vi.advanceTimersByTimeAsync(5_000);
    expect([disk.saved, told.at(-1)]).toEqual([[1], 'works']);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(disk.saved).toEqual([1]);
  });

  it('writes at the end what is not written yet', async () => {
    const { disk, keeper, change } = setUp();
    change(1);
    await vi.advanceTimersByTimeAsync(1);
    change(2);
    await keeper.close();
    expect(disk.saved).toEqual([1, 2]);
  });

  it('reports a snapshot that cannot be used, and goes on without', async () => {
    const { disk, told, keeper } = setUp();
    disk.isDamaged = true;
    expect(await keeper.load()).toBeNull();
    expect([told, keeper.ageMs(Date.now())]).toEqual([['discarded'], null]);
  });

  it('does not pass for newer than the last contact when the disk takes it late', async () => {
    const { disk, change } = setUp();
    disk.isFull = true;
    const contactMs = Date.now();
    change(1);
    await vi.advanceTimersByTimeAsync(60_000);
    disk.isFull = false;
    await vi.advanceTimersByTimeAsync(5_000);
    expect([disk.saved, disk.confirmedMs]).toEqual([[1], contactMs]);
  });

  it('is read for a pinned revision without touching what is being written', async () => {
    const { disk, keeper, change } = setUp();
    let release = (): void => undefined;
    disk.saving = new Promise((resolve) => (release = resolve));
    change(1);
    await vi.advanceTimersByTimeAsync(1);
    await keeper.load();
    expect(disk.cleaned).toBe(0);
    release();
  });

  it('knows how long ago its file was known to be the newest', async () => {
    const { disk, keeper, change } = setUp();
    const snapshot = { epoch: 'epoch-one', revision: 1, entries: [] };
    disk.kept = { snapshot, confirmedMs: Date.now() - 60_000 };
    await keeper.load();
    expect(keeper.ageMs(Date.now())).toBe(60_000);
    keeper.confirmed(Date.now());
    keeper.confirmed(Date.now() + 1);
    expect([keeper.ageMs(Date.now() + 1), disk.confirmations]).toEqual([0, 1]);
    disk.isFull = true;
    change(2);
    await vi.advanceTimersByTimeAsync(3_000);
    keeper.confirmed(Date.now());
    expect(keeper.ageMs(Date.now())).toBeGreaterThan(2_000);
  });
});
