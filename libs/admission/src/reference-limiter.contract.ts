/**
 * The naive limiter the real ones are compared with: it keeps every charge and adds them all up each
 * time. Written from the published bounds, sharing no code with what it checks.
 */
import type { RequestAlgorithm } from '@ai-gateway/contracts';

export interface ReferenceSpan {
  readonly algorithm: RequestAlgorithm;
  readonly spanMs: number;
  readonly limit: number;
}

export interface Charge {
  readonly atMs: number;
  units: number;
}

export class ReferenceLimiter {
  readonly charges: Charge[] = [];

  constructor(private readonly span: ReferenceSpan) {}

  /** The charge if it was admitted. */
  admit(units: number, nowMs: number): Charge | null {
    const capacity = burstOf(this.span);
    if (capacity <= 0 || this.usedAt(nowMs) + units > capacity + 1e-6) return null;
    const charge = { atMs: nowMs, units };
    this.charges.push(charge);
    return charge;
  }

  usedAt(nowMs: number): number {
    const { algorithm, spanMs, limit } = this.span;
    if (algorithm === 'fixed_window') {
      return this.sum(({ atMs }) => Math.floor(atMs / spanMs) === Math.floor(nowMs / spanMs));
    }
    if (algorithm === 'sliding_window') {
      const width = Math.ceil(spanMs / 60);
      const lastMsOf = (atMs: number): number => Math.floor(atMs / width) * width + width - 1;
      return this.sum(({ atMs }) => nowMs - lastMsOf(atMs) < spanMs);
    }
    let [level, lastMs] = [0, 0];
    const drain = (atMs: number): number => Math.max(0, level - ((atMs - lastMs) * limit) / spanMs);
    for (const { atMs, units } of this.charges) {
      level = drain(atMs) + units;
      lastMs = atMs;
    }
    return drain(nowMs);
  }

  private sum(counts: (charge: Charge) => boolean): number {
    return this.charges.filter(counts).reduce((total, { units }) => total + units, 0);
  }
}

export const burstOf = ({ algorithm, limit }: ReferenceSpan): number =>
  algorithm === 'leaky_bucket' ? Math.min(limit, Math.max(1, Math.floor(limit / 10))) : limit;

/** The published bound on what is charged from `fromMs` (exclusive) to `toMs` (inclusive). */
function boundOver(span: ReferenceSpan, fromMs: number, toMs: number): number {
  const { algorithm, spanMs, limit } = span;
  const elapsedMs = toMs - fromMs;
  if (algorithm === 'fixed_window') {
    return limit * (Math.floor(toMs / spanMs) - Math.floor((fromMs + 1) / spanMs) + 1);
  }
  if (algorithm === 'sliding_window') return limit * Math.ceil(elapsedMs / spanMs);
  return burstOf(span) + (limit * elapsedMs) / spanMs;
}

/** The first stretch of time in which more was charged than the bound allows, if any. */
export function firstExcess(span: ReferenceSpan, charges: readonly Charge[]): string | null {
  for (let end = 0; end < charges.length; end += 1) {
    let total = 0;
    for (let start = end; start >= 0; start -= 1) {
      const [first, last] = [charges[start], charges[end]];
      if (first === undefined || last === undefined) continue;
      total += first.units;
      const bound = boundOver(span, first.atMs - 1, last.atMs);
      if (total > bound + 1e-3) return `${total} > ${bound} in ${first.atMs}..${last.atMs}`;
    }
  }
  return null;
}
