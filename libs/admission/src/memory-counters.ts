/**
 * The counters of the memory store: windows, bucket levels and lease sets, with the same arithmetic
 * as the Lua scripts (the contract suite and the property tests run against both). Each reads its
 * limit from the plan it is given, so an edited limit applies to what was already consumed.
 */
import { LEASE_RETRY_MS, type PlannedCounter } from './counter-plan.js';
import { bucketAt, bucketLeavesInMs, bucketWidthMs, firstBucketAt } from './window-math.js';

const ROUNDING = 1e-6;

export interface MemoryCounter {
  /** Units used now. */
  used(plan: PlannedCounter, nowMs: number): number;
  /** 0 if `cost` fits, else ms until it would. Call `used` first. */
  waitMs(plan: PlannedCounter, cost: number, nowMs: number): number;
  isIdle(plan: PlannedCounter, nowMs: number): boolean;
}

/** Units charged here that the shared store doesn't know. */
export interface LocalCharge {
  readonly units: number;
  readonly atMs: number;
}

/** A counter of a span: what came late or is corrected by hand. */
export interface SpanCounter extends MemoryCounter {
  /** Call `used` first. */
  charge(plan: PlannedCounter, cost: number, nowMs: number): void;
  /** Adds to the bucket of `atMs`; dropped when that left the span. Never below zero. */
  correct(plan: PlannedCounter, delta: number, atMs: number, nowMs: number): void;
  /** Takes from the newest backwards or adds to the newest. */
  adjust(plan: PlannedCounter, amount: number, nowMs: number): void;
  /** Starts from what the shared store was last known to hold. */
  seed(plan: PlannedCounter, units: number, atMs: number): void;
  localCharges(plan: PlannedCounter, nowMs: number): LocalCharge[];
}

export class WindowCounter implements SpanCounter {
  private readonly buckets = new Map<number, number>();
  private total = 0;
  private oldest = Infinity;
  private seeded = { bucket: 0, units: 0 };

  used(plan: PlannedCounter, nowMs: number): number {
    const first = firstBucketAt(plan.kind, plan.sizeMs, nowMs);
    if (this.oldest > bucketAt(plan.kind, plan.sizeMs, nowMs)) this.clear();
    if (this.oldest < first) this.dropBefore(first);
    return this.total;
  }

  waitMs(plan: PlannedCounter, cost: number, nowMs: number): number {
    const { kind, sizeMs, limit } = plan;
    if (limit <= 0 || cost > limit) return sizeMs;
    let excess = this.total + cost - limit;
    if (excess <= 0) return 0;
    const newest = bucketAt(kind, sizeMs, nowMs);
    let bucket = this.oldest;
    for (; bucket <= newest; bucket += 1) {
      excess -= this.buckets.get(bucket) ?? 0;
      if (excess <= 0) break;
    }
    return bucketLeavesInMs(kind, sizeMs, Math.min(bucket, newest), nowMs);
  }

  charge(plan: PlannedCounter, cost: number, nowMs: number): void {
    this.add(bucketAt(plan.kind, plan.sizeMs, nowMs), cost);
  }

  correct(plan: PlannedCounter, delta: number, atMs: number, nowMs: number): void {
    const bucket = bucketAt(plan.kind, plan.sizeMs, Math.min(atMs, nowMs));
    if (bucket >= firstBucketAt(plan.kind, plan.sizeMs, nowMs)) this.add(bucket, delta);
  }

  adjust(plan: PlannedCounter, amount: number, nowMs: number): void {
    this.used(plan, nowMs);
    let left = amount;
    const first = Math.max(this.oldest, firstBucketAt(plan.kind, plan.sizeMs, nowMs));
    let bucket = bucketAt(plan.kind, plan.sizeMs, nowMs);
    do {
      left -= this.add(bucket, left);
      bucket -= 1;
    } while (left < 0 && bucket >= first);
  }

  seed(plan: PlannedCounter, units: number, atMs: number): void {
    const bucket = bucketAt(plan.kind, plan.sizeMs, atMs);
    this.add(bucket, units);
    this.seeded = { bucket, units };
  }

  localCharges(plan: PlannedCounter, nowMs: number): LocalCharge[] {
    this.used(plan, nowMs);
    const width = bucketWidthMs(plan.kind, plan.sizeMs);
    const charges: LocalCharge[] = [];
    for (const [bucket, held] of this.buckets) {
      const units = bucket === this.seeded.bucket ? held - this.seeded.units : held;
      if (units > 0) charges.push({ units, atMs: bucket * width });
    }
    return charges;
  }

  isIdle(plan: PlannedCounter, nowMs: number): boolean {
    return this.used(plan, nowMs) <= 0;
  }

  /** @returns what was really added: a bucket never falls below zero */
  private add(bucket: number, units: number): number {
    const before = this.buckets.get(bucket) ?? 0;
    const after = Math.max(0, before + units);
    if (after === before) return 0;
    this.buckets.set(bucket, after);
    this.total += after - before;
    if (bucket < this.oldest) this.oldest = bucket;
    return after - before;
  }

  /** A bucket is subtracted once, when the window leaves it: constant cost on average. */
  private dropBefore(first: number): void {
    if (first - this.oldest > this.buckets.size * 2 + 1) {
      for (const bucket of this.buckets.keys()) if (bucket < first) this.drop(bucket);
    } else {
      for (let bucket = this.oldest; bucket < first; bucket += 1) this.drop(bucket);
    }
    this.oldest = this.buckets.size === 0 ? Infinity : first;
  }

  private drop(bucket: number): void {
    this.total -= this.buckets.get(bucket) ?? 0;
    this.buckets.delete(bucket);
  }

  private clear(): void {
    this.buckets.clear();
    this.total = 0;
    this.oldest = Infinity;
  }
}

/** A level that drains evenly: token bucket (what is missing from it) and leaky bucket. */
export class LevelCounter implements SpanCounter {
  private level = 0;
  private atMs = 0;
  private charged = 0;

  used(plan: PlannedCounter, nowMs: number): number {
    const drained = (Math.max(0, nowMs - this.atMs) * plan.limit) / plan.sizeMs;
    this.level = Math.max(0, this.level - drained);
    this.atMs = nowMs;
    return Math.max(0, Math.ceil(this.level - ROUNDING));
  }

  waitMs(plan: PlannedCounter, cost: number): number {
    const { limit, sizeMs, capacity } = plan;
    if (limit <= 0 || cost > capacity) return sizeMs;
    const excess = this.level + cost - capacity;
    return excess > ROUNDING ? Math.ceil((excess * sizeMs) / limit) : 0;
  }

  charge(plan: PlannedCounter, cost: number): void {
    this.level = Math.min(this.level + cost, Math.max(plan.capacity, this.level));
    this.charged += cost;
  }

  correct(plan: PlannedCounter, delta: number, _atMs: number, nowMs: number): void {
    this.adjust(plan, delta, nowMs);
    this.charged += delta;
  }

  adjust(plan: PlannedCounter, amount: number, nowMs: number): void {
    this.used(plan, nowMs);
    this.level = Math.max(0, this.level + amount);
  }

  seed(_plan: PlannedCounter, units: number, atMs: number): void {
    this.level = units;
    this.atMs = atMs;
  }

  localCharges(plan: PlannedCounter, nowMs: number): LocalCharge[] {
    const units = Math.min(this.charged, this.used(plan, nowMs));
    return units > 0 ? [{ units, atMs: nowMs }] : [];
  }

  isIdle(plan: PlannedCounter, nowMs: number): boolean {
    return this.used(plan, nowMs) <= 0;
  }
}

/**
 * Requests in flight in this process. No renewal: the set dies with its process. In order of
 * acquisition, so expired leases stand first.
 */
export class LeaseCounter implements MemoryCounter {
  private readonly expiries = new Map<string, number>();

  used(plan: PlannedCounter, nowMs: number): number {
    if (this.expiries.size >= plan.limit) this.prune(nowMs);
    return this.expiries.size;
  }

  waitMs(plan: PlannedCounter): number {
    return this.expiries.size < plan.limit ? 0 : LEASE_RETRY_MS;
  }

  hold(id: string, expiresAtMs: number): void {
    this.expiries.set(id, expiresAtMs);
  }

  release(id: string): void {
    this.expiries.delete(id);
  }

  held(): ReadonlyMap<string, number> {
    return this.expiries;
  }

  count(nowMs: number): number {
    this.prune(nowMs);
    return this.expiries.size;
  }

  isIdle(_plan: PlannedCounter, nowMs: number): boolean {
    return this.count(nowMs) === 0;
  }

  private prune(nowMs: number): void {
    for (const [id, expiry] of this.expiries) {
      if (expiry > nowMs) return;
      this.expiries.delete(id);
    }
  }
}
