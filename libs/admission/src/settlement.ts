/** What the end of a request gives back: leases by key, token spans by difference. */
import type { Reservation, TokenUsage } from './admission.port.js';
import {
  costOf,
  counterKey,
  KIND,
  type CounterPlanner,
  type PlannedCounter,
} from './counter-plan.js';

/** Units to add to one span, in the bucket of `atMs` (store time). */
export interface Correction {
  readonly key: string;
  readonly counter: PlannedCounter;
  /** May be negative, never 0. */
  readonly delta: number;
  readonly atMs: number;
}

export interface Settlement {
  readonly id: string;
  readonly namespaceId: number;
  readonly leaseKeys: readonly string[];
  readonly corrections: readonly Correction[];
}

export function settlementOf(
  reservation: Reservation,
  usage: TokenUsage,
  planner: CounterPlanner,
): Settlement {
  const { id, namespaceId, inputTokens, outputTokens, decidedAtMs: atMs } = reservation;
  const leaseKeys: string[] = [];
  const corrections: Correction[] = [];
  for (const { limit, scope } of reservation.limits) {
    for (const counter of planner.of(limit, namespaceId)) {
      if (counter.kind === KIND.lease) {
        leaseKeys.push(counterKey(counter, scope));
        continue;
      }
      const delta =
        costOf(counter.measure, usage.inputTokens, usage.outputTokens) -
        costOf(counter.measure, inputTokens, outputTokens);
      if (delta !== 0) corrections.push({ key: counterKey(counter, scope), counter, delta, atMs });
    }
  }
  return { id, namespaceId, leaseKeys, corrections };
}
