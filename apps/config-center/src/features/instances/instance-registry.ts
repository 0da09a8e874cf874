/**
 * All gateway processes this config-center knows: from heartbeats it received itself, and from the
 * table in which others write theirs. Heartbeats are answered from memory and written behind, all
 * that are waiting in one statement, so a slow or missing database delays no gateway and loses
 * nothing but time. Rejected: a statement per heartbeat within its request, which lets every
 * gateway wait for the database.
 */
import { AdminError } from '@ai-gateway/nest-runtime';
import type { Heartbeat } from '@ai-gateway/contracts';
import type { Logger } from '@ai-gateway/node-runtime';
import {
  GONE_AFTER_MS,
  currentProcesses,
  keyOf,
  stateOf,
  type InstanceRecord,
} from './instance-record.js';

export interface InstanceTable {
  seenSince(ms: number): Promise<InstanceRecord[]>;
  save(records: readonly InstanceRecord[]): Promise<void>;
  remove(records: readonly InstanceRecord[]): Promise<void>;
  removeSeenBefore(ms: number): Promise<void>;
}

export interface InstanceRegistryDeps {
  table: InstanceTable;
  logger: Pick<Logger, 'info' | 'warn'>;
  /** Instances that are gone are forgotten after this time. */
  retentionMs: number;
  nowMs?: () => number;
}

/** In memory; heartbeats of further processes are refused. */
const MAX_PROCESSES = 5_000;
/** Clocks of config-centers may differ by this much without a row being overlooked. */
const SKEW_MS = 5_000;

export class InstanceRegistry {
  private readonly records = new Map<string, InstanceRecord>();
  private readonly unsaved = new Set<string>();
  private readonly listeners = new Set<() => void>();
  private readonly startedMs: number;
  private saving: Promise<void> | null = null;
  private reading: Promise<void> | null = null;
  private readUpToMs: number | null = null;
  /** When the last read that succeeded began. */
  private readAtMs = Number.NEGATIVE_INFINITY;
  private failing = false;
  /** When anything was last heard before this process began. */
  private inheritedMs = Number.POSITIVE_INFINITY;

  constructor(private readonly deps: InstanceRegistryDeps) {
    this.startedMs = this.nowMs();
  }

  /** Takes a heartbeat; it is written soon. Rejects with OVERLOADED when there are too many. */
  record(report: Heartbeat): InstanceRecord {
    const key = keyOf(report);
    const known = this.records.get(key);
    if (known === undefined && !this.hasRoom()) throw new AdminError('OVERLOADED');
    const lastSeenMs = this.nowMs();
    const record = { report, firstSeenMs: known?.firstSeenMs ?? lastSeenMs, lastSeenMs };
    this.records.set(key, record);
    this.unsaved.add(key);
    void this.save();
    this.tell();
    return record;
  }

  /** Newest first where two processes have one name. */
  current(): InstanceRecord[] {
    return currentProcesses(this.records.values(), this.nowMs());
  }

  /**
   * Those that serve. After an outage of the control plane nobody has reported yet, so at first
   * whoever lived when it ended counts as well.
   */
  presumedLive(): InstanceRecord[] {
    const nowMs = this.nowMs();
    const inherits = nowMs - this.startedMs <= GONE_AFTER_MS;
    const asOfMs = inherits ? Math.min(nowMs, this.inheritedMs) : nowMs;
    return this.current().filter((record) => stateOf(record, asOfMs) === 'live');
  }

  /** True while the table could be read and written at the last attempt. */
  get isShared(): boolean {
    return !this.failing && this.readUpToMs !== null;
  }

  /** Reads what others wrote, unless that was done within `maxAgeMs`. Never rejects. */
  async refresh(maxAgeMs: number): Promise<void> {
    if (this.reading === null && this.nowMs() - this.readAtMs < maxAgeMs) return;
    this.reading ??= this.read().finally(() => {
      this.reading = null;
    });
    return this.reading;
  }

  /** Resolves at the next news, after `withinMs`, or when aborted. */
  changed(withinMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.listeners.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.listeners.add(done);
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    });
  }

  /** Forgets those gone for long, and earlier processes of a name. Never rejects. */
  async prune(): Promise<void> {
    const nowMs = this.nowMs();
    const beforeMs = nowMs - this.deps.retentionMs;
    const current = new Set(this.current());
    const ended = [...this.records.values()].filter(
      (record) => !current.has(record) && stateOf(record, nowMs) === 'gone',
    );
    for (const [key, record] of this.records) {
      if (record.lastSeenMs < beforeMs || ended.includes(record)) this.records.delete(key);
    }
    await this.attempt(async () => {
      await this.deps.table.removeSeenBefore(beforeMs);
      await this.deps.table.remove(ended);
    });
  }

  /** Writes what is unsaved, until nothing is or a write fails. Never rejects. */
  async save(): Promise<void> {
    this.saving ??= this.attempt(() => this.saveAll()).finally(() => {
      this.saving = null;
    });
    return this.saving;
  }

  private async saveAll(): Promise<void> {
    while (this.unsaved.size > 0) {
      const keys = [...this.unsaved];
      this.unsaved.clear();
      const records = keys.flatMap((key) => this.records.get(key) ?? []);
      try {
        await this.deps.table.save(records);
      } catch (error) {
        for (const key of keys) this.unsaved.add(key);
        throw error;
      }
    }
  }

  private read(): Promise<void> {
    return this.attempt(async () => {
      const atMs = this.nowMs();
      const found = await this.deps.table.seenSince((this.readUpToMs ?? 0) - SKEW_MS);
      if (this.readUpToMs === null) this.inherit(found);
      this.readUpToMs = atMs;
      this.readAtMs = atMs;
      if (found.filter((record) => this.merge(record)).length > 0) this.tell();
    });
  }

  private inherit(found: readonly InstanceRecord[]): void {
    const before = found.filter(({ lastSeenMs }) => lastSeenMs < this.startedMs);
    if (before.length === 0) return;
    this.inheritedMs = before.reduce((newest, { lastSeenMs }) => Math.max(newest, lastSeenMs), 0);
  }

  /** True when it was news. */
  private merge(found: InstanceRecord): boolean {
    const key = keyOf(found.report);
    const known = this.records.get(key);
    if (known === undefined) {
      if (!this.hasRoom()) return false;
      this.records.set(key, found);
      return true;
    }
    const firstSeenMs = Math.min(known.firstSeenMs, found.firstSeenMs);
    const newer = found.lastSeenMs > known.lastSeenMs ? found : known;
    this.records.set(key, { ...newer, firstSeenMs });
    return newer === found;
  }

  /** Those that are gone make room for those that live. */
  private hasRoom(): boolean {
    if (this.records.size < MAX_PROCESSES) return true;
    const nowMs = this.nowMs();
    for (const [key, record] of this.records) {
      if (stateOf(record, nowMs) === 'gone') this.records.delete(key);
    }
    return this.records.size < MAX_PROCESSES;
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      if (this.failing) this.deps.logger.info('instances are shared through the database again');
      this.failing = false;
    } catch (err) {
      const text = 'instances cannot be shared through the database, going on from memory';
      if (!this.failing) this.deps.logger.warn({ err }, text);
      this.failing = true;
    }
  }

  private tell(): void {
    for (const listener of [...this.listeners]) listener();
  }

  private nowMs(): number {
    return (this.deps.nowMs ?? Date.now)();
  }
}
