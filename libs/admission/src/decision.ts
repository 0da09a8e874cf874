/**
 * From the flat answer of the decision to the port's values. The Lua script and the memory store
 * answer in the same form, so that there is one place that picks the refusal and the headers' spans.
 */
import type { AdmitDecision, AdmitRequest, LimitState, Reservation } from './admission.port.js';
import { costOf, KIND, type CounterPlanner, type PlannedCounter } from './counter-plan.js';
import { bucketAt, bucketLeavesInMs } from './window-math.js';

/**
 * `[refusing, storeTimeMs, used, waitMs, used, waitMs, …]`: the 1-based index of the first counter
 * that refuses or 0; per counter the units used, with the request if it was admitted, and 0 or the ms until it fits.
 */
export type FlatAnswer = readonly number[];

export function decisionFrom(
  request: AdmitRequest,
  planner: CounterPlanner,
  answer: FlatAnswer,
  reservationId: string,
): AdmitDecision {
  const refusing = answer[0] ?? 0;
  const nowMs = answer[1] ?? 0;
  let refusal: LimitState | null = null;
  let neverFits = false;
  let requests: LimitState | null = null;
  let tokens: LimitState | null = null;
  let shadowRefusals: LimitState[] = NONE;
  let index = 0;
  for (const applied of request.limits) {
    for (const counter of planner.of(applied.limit, request.namespaceId)) {
      index += 1;
      const waitMs = answer[index * 2 + 1] ?? 0;
      const cost = costOf(counter.measure, request.inputTokens, request.outputTokens);
      const used = answer[index * 2] ?? 0;
      const remaining = Math.max(0, counter.capacity - used);
      const tightest = counter.measure === 'requests' ? requests : tokens;
      const isShown =
        counter.kind !== KIND.lease &&
        !counter.shadow &&
        (tightest === null || remaining < tightest.remaining);
      const isRefusing = index === refusing;
      const isShadowRefusal = counter.shadow && waitMs > 0 && refusing === 0;
      if (!isShown && !isRefusing && !isShadowRefusal) continue;

      const state: LimitState = {
        applied,
        measure: counter.measure,
        limit: counter.limit,
        remaining,
        resetMs: waitMs > 0 ? waitMs : emptyInMs(counter, used, nowMs),
      };
      if (isShown && counter.measure === 'requests') requests = state;
      else if (isShown) tokens = state;
      if (isRefusing) {
        refusal = state;
        neverFits = isTooLarge(counter, cost);
      }
      if (isShadowRefusal) shadowRefusals = [...shadowRefusals, state];
    }
  }
  const degraded = false;
  if (refusing > 0) return { allowed: false, refusal, neverFits, requests, tokens, degraded };
  const reservation = reservationOf(request, nowMs, reservationId);
  return { allowed: true, reservation, requests, tokens, shadowRefusals, degraded };
}

const NONE: LimitState[] = [];

const isTooLarge = (counter: PlannedCounter, cost: number): boolean =>
  counter.kind !== KIND.lease && counter.limit > 0 && cost > counter.capacity;

export function reservationOf(request: AdmitRequest, decidedAtMs: number, id: string): Reservation {
  return {
    id,
    requestId: request.requestId,
    namespaceId: request.namespaceId,
    limits: request.limits,
    inputTokens: request.inputTokens,
    outputTokens: request.outputTokens,
    decidedAtMs,
  };
}

/** Milliseconds until nothing is counted any more if nothing else came; exact for buckets. */
export function emptyInMs(counter: PlannedCounter, used: number, nowMs: number): number {
  const { kind, sizeMs, limit } = counter;
  if (used <= 0 || kind === KIND.lease) return 0;
  if (kind === KIND.sliding_window || kind === KIND.fixed_window) {
    return bucketLeavesInMs(kind, sizeMs, bucketAt(kind, sizeMs, nowMs), nowMs);
  }
  return limit > 0 ? Math.ceil((used * sizeMs) / limit) : sizeMs;
}
