/**
 * The leases this instance holds in the shared store, renewed in batches until their request ends or
 * they reach their longest age. Renewal is an upsert, so that the sets rebuild themselves after the
 * store lost them. Ages are monotonic: a jump of the wall clock neither ends nor prolongs a lease.
 */
import type { PlannedCounter } from './counter-plan.js';
import type { HeldLease } from './held-lease.js';
import { RedisScript, type RedisClient, type ScriptArgument } from './redis-script.js';

export interface LeaseKeeperOptions {
  readonly redis: RedisClient;
  readonly leaseMs: number;
  readonly renewMs: number;
  readonly onRestored: (count: number) => void;
  readonly onFailed: (error: unknown) => void;
}

interface KeptLease {
  readonly key: string;
  readonly plan: PlannedCounter;
  readonly endsAtMs: number;
}

/** Renewals sent per script call: short enough not to hold up decisions. */
const BATCH = 500;
const monotonicMs = (): number => performance.now();

export class LeaseKeeper {
  private readonly held = new Map<string, KeptLease[]>();
  private readonly script = new RedisScript('renew.lua');
  private readonly timer: NodeJS.Timeout;
  private isRenewing = false;
  private isPaused = false;

  constructor(private readonly options: LeaseKeeperOptions) {
    this.timer = setInterval(() => void this.renew(), options.renewMs);
    this.timer.unref();
  }

  hold(id: string, key: string, plan: PlannedCounter, leftMs = plan.sizeMs): void {
    const lease = { key, plan, endsAtMs: monotonicMs() + leftMs };
    const known = this.held.get(id);
    if (known === undefined) this.held.set(id, [lease]);
    else if (known.every((other) => other.key !== key)) known.push(lease);
  }

  release(id: string): void {
    this.held.delete(id);
  }

  *leases(): Generator<HeldLease> {
    const nowMs = monotonicMs();
    for (const [id, leases] of this.held) {
      for (const { key, plan, endsAtMs } of leases) {
        if (endsAtMs > nowMs) yield { id, key, plan, leftMs: endsAtMs - nowMs };
      }
    }
  }

  /** While the store is away there is nothing to renew. */
  pause(): void {
    this.isPaused = true;
  }

  resume(): Promise<void> {
    this.isPaused = false;
    return this.renew();
  }

  /** One round; rounds don't overlap. Never rejects. */
  async renew(): Promise<void> {
    if (this.isRenewing || this.isPaused || this.held.size === 0) return;
    this.isRenewing = true;
    try {
      let restored = 0;
      for (const [key, args] of this.batches()) restored += await this.send(key, args);
      if (restored > 0) this.options.onRestored(restored);
    } catch (error) {
      this.options.onFailed(error);
    } finally {
      this.isRenewing = false;
    }
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async send(key: string, leases: Map<string, number>): Promise<number> {
    let restored = 0;
    const ids = [...leases.keys()];
    for (let start = 0; start < ids.length; start += BATCH) {
      const args: ScriptArgument[] = [key, this.options.leaseMs];
      // Released since this round began: renewing it now would bring it back.
      for (const id of ids.slice(start, start + BATCH)) {
        if (this.held.has(id)) args.push(id, leases.get(id) ?? 0);
      }
      if (args.length > 2) restored += Number(await this.script.run(this.options.redis, 1, args));
    }
    return restored;
  }

  /** Key → reservation id → ms left. Leases past their longest age are let go. */
  private batches(): Map<string, Map<string, number>> {
    const nowMs = monotonicMs();
    const byKey = new Map<string, Map<string, number>>();
    for (const [id, leases] of this.held) {
      let isAlive = false;
      for (const { key, endsAtMs } of leases) {
        const leftMs = Math.floor(endsAtMs - nowMs);
        if (leftMs <= 0) continue;
        isAlive = true;
        const batch = byKey.get(key) ?? new Map<string, number>();
        byKey.set(key, batch.set(id, leftMs));
      }
      if (!isAlive) this.held.delete(id);
    }
    return byKey;
  }
}
