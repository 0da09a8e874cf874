/** What the counters API shows of a planned counter. */
import type { CounterState, SpanAddress } from './admission.port.js';
import { KIND, type CounterPlanner, type PlannedCounter } from './counter-plan.js';
import { emptyInMs } from './decision.js';

export const counterState = (plan: PlannedCounter, used: number, nowMs: number): CounterState => ({
  measure: plan.measure,
  spanMs: plan.kind === KIND.lease ? 0 : plan.sizeMs,
  limit: plan.limit,
  used,
  resetMs: emptyInMs(plan, used, nowMs),
});

export const spanOf = (
  planner: CounterPlanner,
  { limit, namespaceId, spanMs, measure }: SpanAddress,
): PlannedCounter | undefined =>
  planner.of(limit, namespaceId).find((plan) => plan.sizeMs === spanMs && plan.measure === measure);
