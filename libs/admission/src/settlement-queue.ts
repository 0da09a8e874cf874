/**
 * Settlements on their way to the store: never awaited by a request, collected for a few
 * milliseconds and sent as one script call per namespace, sent again until they are known to have
 * arrived. The script remembers ids, so sending twice charges once. Bounded in number and age; what
 * is given up is counted, and errs towards refusing: its reservation stays charged.
 */
import { counterKeys } from '@ai-gateway/contracts';
import { within } from './deadline.js';
import { RedisScript, type RedisClient, type ScriptArgument } from './redis-script.js';
import type { Settlement } from './settlement.js';

export interface SettlementQueueOptions {
  readonly redis: RedisClient;
  readonly keyPrefix: string;
  readonly maxPending: number;
  readonly maxAgeMs: number;
  /** `count` settlements were given up. */
  readonly onLost: (count: number) => void;
}

interface Queued {
  readonly settlement: Settlement;
  readonly queuedAtMs: number;
  /** Failed before: sent alone from then on, so that one bad key doesn't hold up the others. */
  isRetry: boolean;
}

const COLLECT_MS = 5;
const BATCH = 64;
const SEND_TIMEOUT_MS = 1000;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5000;
const CLOSE_TIMEOUT_MS = 3000;
/** Beyond the age at which a settlement is last sent. */
const REMEMBER_EXTRA_MS = 60_000;
const monotonicMs = (): number => performance.now();

export class SettlementQueue {
  private pending: Queued[] = [];
  private readonly sending = new Set<Promise<void>>();
  private sendingCount = 0;
  private failures = 0;
  private isPaused = false;
  private timer: NodeJS.Timeout | null = null;
  private readonly script = new RedisScript('settle.lua');

  constructor(private readonly options: SettlementQueueOptions) {}

  get size(): number {
    return this.pending.length + this.sendingCount;
  }

  add(settlement: Settlement): void {
    if (settlement.leaseKeys.length === 0 && settlement.corrections.length === 0) return;
    if (this.size >= this.options.maxPending) {
      this.options.onLost(1);
      return;
    }
    this.pending.push({ settlement, queuedAtMs: monotonicMs(), isRetry: false });
    this.schedule();
  }

  pause(): void {
    this.isPaused = true;
  }

  /** Sends at once, so that what waited stands before the decisions that follow. */
  resume(): void {
    this.isPaused = false;
    this.failures = 0;
    this.flush();
  }

  /** Sends what is left, waits for it within bounds, counts what is lost by then. */
  async close(): Promise<void> {
    const endsAtMs = monotonicMs() + CLOSE_TIMEOUT_MS;
    while (!this.isPaused && this.size > 0 && monotonicMs() < endsAtMs) {
      this.flush();
      const leftMs = Math.max(1, endsAtMs - monotonicMs());
      await within(leftMs, Promise.all(this.sending)).catch(() => undefined);
      if (this.failures > 0) break;
    }
    if (this.timer !== null) clearTimeout(this.timer);
    if (this.size > 0) this.options.onLost(this.size);
    this.pending = [];
  }

  private schedule(): void {
    if (this.timer !== null || this.isPaused) return;
    this.timer = setTimeout(() => {
      this.flush();
    }, this.delayMs());
    this.timer.unref();
  }

  private delayMs(): number {
    if (this.failures === 0) return COLLECT_MS;
    const backoff = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.failures - 1));
    return backoff * (0.5 + Math.random() / 2);
  }

  private flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.isPaused || this.pending.length === 0) return;
    const batches = this.takeBatches();
    for (const batch of batches) {
      this.sendingCount += batch.length;
      const sent = this.send(batch).finally(() => this.sending.delete(sent));
      this.sending.add(sent);
    }
  }

  private takeBatches(): Queued[][] {
    const open = new Map<number, Queued[]>();
    const batches: Queued[][] = [];
    for (const queued of this.pending) {
      const { namespaceId } = queued.settlement;
      if (queued.isRetry) {
        batches.push([queued]);
        continue;
      }
      let batch = open.get(namespaceId);
      if (batch === undefined || batch.length >= BATCH) {
        batch = [];
        open.set(namespaceId, batch);
        batches.push(batch);
      }
      batch.push(queued);
    }
    this.pending = [];
    return batches;
  }

  private async send(batch: Queued[]): Promise<void> {
    try {
      const { keys, args } = this.commandOf(batch);
      const call = this.script.run(this.options.redis, keys.length, [...keys, ...args]);
      await within(SEND_TIMEOUT_MS, call);
      this.failures = 0;
      this.sendingCount -= batch.length;
    } catch {
      this.failures += 1;
      this.sendingCount -= batch.length;
      this.keep(batch);
    }
  }

  private keep(batch: Queued[]): void {
    const oldestMs = monotonicMs() - this.options.maxAgeMs;
    const kept = batch.filter(({ queuedAtMs }) => queuedAtMs > oldestMs);
    if (kept.length < batch.length) this.options.onLost(batch.length - kept.length);
    for (const queued of kept) queued.isRetry = true;
    this.pending = kept.concat(this.pending);
    if (this.pending.length > 0) this.schedule();
  }

  private commandOf(batch: Queued[]): { keys: string[]; args: ScriptArgument[] } {
    const keys: string[] = [];
    const args: ScriptArgument[] = [this.options.maxAgeMs + REMEMBER_EXTRA_MS];
    for (const { settlement } of batch) {
      const { id, namespaceId, leaseKeys, corrections } = settlement;
      args.push(id, leaseKeys.length, corrections.length);
      if (corrections.length > 0) {
        keys.push(this.options.keyPrefix + counterKeys.settled(namespaceId, id));
      }
      keys.push(...leaseKeys);
      for (const { key, counter, delta, atMs } of corrections) {
        keys.push(key);
        args.push(counter.kindArg, counter.sizeArg, counter.limitArg, delta, atMs);
      }
    }
    return { keys, args };
  }
}
