/**
 * Counts a request until its time is over; what is not counted by then is estimated from windows of
 * it. Runs in a thread of the pool, but is a plain function of its arguments and a clock.
 *
 * The estimate of a text: windows spread over it are counted, and the text is taken to be as dense
 * as their mean and three standard errors. Where each window begins within its share of the text is
 * chosen by chance, so that no text can be written around it. Rejected: the bound by bytes alone,
 * four times too high for prose; extrapolating from the beginning, which a client chooses.
 */
import type { CalculateRequest, CalculateResponse } from '@ai-gateway/contracts';
import { availableRule, counterOf } from '../available-rule.js';
import type { TextCount } from '../encoding.js';
import type { ModelRule } from '../model-rules.js';
import type { TextCounter } from '../text-counter.js';
import { requestCounted } from '../token-count.js';

const WINDOWS = 16;
const WINDOW_UNITS = 512;
const STANDARD_ERRORS = 3;
/** Short texts that are counted between two pauses. */
const SLICE_UNITS = 8192;

interface BudgetClock {
  isOver: () => boolean;
  /** From 0 to 1. */
  random: () => number;
}

/** Pauses every few milliseconds, so that a thread can answer others meanwhile. */
export function* countWithin(
  body: CalculateRequest,
  given: ModelRule,
  clock: BudgetClock,
): Generator<void, CalculateResponse> {
  const rule = availableRule(given);
  const texts = new Set<string>();
  requestCounted(rule, body, (text) => {
    texts.add(text);
    return NOTHING;
  });
  const encoding = counterOf(rule);
  const counts = new Map<string, TextCount>();
  let units = 0;
  for (const text of texts) {
    counts.set(text, yield* countText(encoding, text, clock));
    units += text.length;
    if (units < SLICE_UNITS) continue;
    units = 0;
    yield;
  }
  return requestCounted(rule, body, (text) => counts.get(text) ?? NOTHING);
}

function* countText(
  encoding: TextCounter,
  text: string,
  clock: BudgetClock,
): Generator<void, TextCount> {
  if (text.length <= WINDOWS * WINDOW_UNITS) return encoding.count(text);
  const counting = encoding.countInSlices([text]);
  while (!clock.isOver()) {
    const slice = counting.next();
    if (slice.done === true) return slice.value.get(text) ?? NOTHING;
    yield;
  }
  return { tokens: estimatedTokens(encoding, text, clock.random), exact: false };
}

const NOTHING: TextCount = { tokens: 0, exact: true };

/** @param text longer than the windows together */
export function estimatedTokens(encoding: TextCounter, text: string, random: () => number): number {
  const share = Math.floor(text.length / WINDOWS);
  const densities = Array.from({ length: WINDOWS }, (_, window) => {
    const start = window * share + Math.floor(random() * (share - WINDOW_UNITS));
    return encoding.count(text.slice(start, start + WINDOW_UNITS)).tokens / WINDOW_UNITS;
  });
  const mean = densities.reduce((sum, density) => sum + density, 0) / WINDOWS;
  const variance = densities.reduce((sum, density) => sum + (density - mean) ** 2, 0) / WINDOWS;
  const density = mean + STANDARD_ERRORS * Math.sqrt(variance / WINDOWS);
  return Math.ceil(Math.min(density * text.length, Buffer.byteLength(text)));
}
