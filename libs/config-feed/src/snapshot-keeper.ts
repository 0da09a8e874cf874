/**
 * Keeps the snapshot on disk at what the gateway runs: right after a change, then at most once per
 * `gapMs` with the newest state, and at the end. A disk that is full or read-only never stops the
 * gateway: the old snapshot stays, the write is tried again, and each change of state is told once.
 */
import type { ConfigSnapshot } from './config-snapshot.js';
import type { DiskSnapshot, KeptSnapshot } from './disk-snapshot.js';

export interface SnapshotKeeperOptions {
  disk: Pick<DiskSnapshot, 'load' | 'save' | 'confirm' | 'clean'>;
  /** What is to be kept; null: nothing yet. */
  capture: () => ConfigSnapshot | null;
  /** A snapshot is there and cannot be used. */
  onDiscarded: (reason: unknown) => void;
  /** After each write that failed. */
  onWriteFailed: (error: unknown) => void;
  /** Once per change of state: the failure, or null when writing works again. */
  onWriteState: (failure: unknown) => void;
  gapMs?: number;
  retryMs?: number;
}

const GAP_MS = 2_000;
const RETRY_MS = 5_000;
/** How often the file learns that its content is still the newest. */
const CONFIRM_GAP_MS = 10_000;

export class SnapshotKeeper {
  private changed = false;
  private failing = false;
  private writing: Promise<void> | null = null;
  private timer: NodeJS.Timeout | null = null;
  private lastStartMs = Number.NEGATIVE_INFINITY;
  /** When a source last delivered or confirmed what runs. */
  private newestMs = 0;
  /** Since when nothing is known to be newer than the file; null: there is no usable file. */
  private keptMs: number | null = null;
  private confirmedOnDiskMs = 0;
  private closed = false;

  constructor(private readonly options: SnapshotKeeperOptions) {}

  /** Never rejects: what cannot be used is told and counts as none. */
  async load(): Promise<KeptSnapshot | null> {
    const { disk, onDiscarded } = this.options;
    try {
      // Asked again for a pinned revision, it must not clean up what is being written.
      if (this.writing === null) await disk.clean().catch(ignored);
      const kept = await disk.load();
      this.keptMs = kept?.confirmedMs ?? null;
      return kept;
    } catch (error) {
      onDiscarded(error);
      return null;
    }
  }

  /** There is something new to keep. Returns at once. */
  touch(): void {
    this.changed = true;
    this.newestMs = Date.now();
    if (this.writing === null) this.plan(this.lastStartMs + this.gapMs - Date.now());
  }

  /** A source said that what runs is the newest configuration. */
  confirmed(atMs: number): void {
    this.newestMs = atMs;
    if (this.changed || this.writing !== null || this.keptMs === null) return;
    this.keptMs = atMs;
    if (atMs - this.confirmedOnDiskMs >= CONFIRM_GAP_MS) this.confirmOnDisk(atMs);
  }

  /** Since the file was last known to hold the newest configuration; null while there is none. */
  ageMs(nowMs: number): number | null {
    return this.keptMs === null ? null : Math.max(0, nowMs - this.keptMs);
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    await this.writing;
    if (this.changed) await this.write();
    else if (this.keptMs !== null) await this.options.disk.confirm(this.keptMs).catch(ignored);
  }

  private get gapMs(): number {
    return this.options.gapMs ?? GAP_MS;
  }

  private plan(delayMs: number): void {
    if (this.timer !== null || this.closed) return;
    this.timer = setTimeout(
      () => {
        this.timer = null;
        this.writing = this.write().finally(() => {
          this.writing = null;
          if (this.changed) this.plan(this.failing ? this.retryMs : this.gapMs);
        });
      },
      Math.max(0, delayMs),
    );
    this.timer.unref();
  }

  private get retryMs(): number {
    return this.options.retryMs ?? RETRY_MS;
  }

  private async write(): Promise<void> {
    const { disk, capture, onWriteFailed } = this.options;
    this.lastStartMs = Date.now();
    this.changed = false;
    const { newestMs } = this;
    const snapshot = capture();
    if (snapshot === null) return;
    try {
      await disk.save(snapshot);
      await disk.confirm(newestMs).catch(ignored);
      this.keptMs = newestMs;
      this.confirmedOnDiskMs = this.lastStartMs;
      this.tell(null);
    } catch (error) {
      this.changed = true;
      onWriteFailed(error);
      this.tell(error);
    }
  }

  private tell(failure: unknown): void {
    const failing = failure !== null;
    if (failing !== this.failing) this.options.onWriteState(failure);
    this.failing = failing;
  }

  private confirmOnDisk(atMs: number): void {
    this.confirmedOnDiskMs = atMs;
    void this.options.disk.confirm(atMs).catch(ignored);
  }
}

/** Left-overs do no harm, and an age that goes on growing says enough. */
const ignored = (): void => undefined;
