/** What the counters API shows of a planned counter. */
import type { Measure } from '@ai-gateway/gateway-engine';
import type { CounterState } from './admission.port.js';
import { KIND, type PlannedCounter } from './counter-plan.js';
import { emptyInMs } from './decision.js';

export const counterState = (plan: PlannedCounter, used: number, nowMs: number): CounterState => ({
  measure: plan.measure,
  spanMs: plan.kind === KIND.lease ? 0 : plan.sizeMs,
  limit: plan.limit,
  used,
  resetMs: emptyInMs(plan, used, nowMs),
});

export const spanOf = (
  plans: readonly PlannedCounter[],
  spanMs: number,
  measure: Measure,
): PlannedCounter | undefined =>
  plans.find((plan) => plan.sizeMs === spanMs && plan.measure === measure);
