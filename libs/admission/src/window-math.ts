/** The arithmetic of windows, the same as in the Lua scripts. Times are integer milliseconds. */
import { BUCKETS_PER_SPAN, KIND, type CounterKind } from './counter-plan.js';

export const bucketWidthMs = (kind: CounterKind, sizeMs: number): number =>
  kind === KIND.fixed_window ? sizeMs : Math.ceil(sizeMs / BUCKETS_PER_SPAN);

export const bucketAt = (kind: CounterKind, sizeMs: number, nowMs: number): number =>
  Math.floor(nowMs / bucketWidthMs(kind, sizeMs));

/**
 * The oldest bucket that counts at `nowMs`. A bucket counts until its last millisecond is `sizeMs`
 * old: whatever may be within the span is counted, so the error is towards refusing.
 */
export function firstBucketAt(kind: CounterKind, sizeMs: number, nowMs: number): number {
  if (kind === KIND.fixed_window) return Math.floor(nowMs / sizeMs);
  return Math.floor((nowMs - sizeMs + 1) / bucketWidthMs(kind, sizeMs));
}

/** Milliseconds from `nowMs` until `bucket` no longer counts. */
export function bucketLeavesInMs(
  kind: CounterKind,
  sizeMs: number,
  bucket: number,
  nowMs: number,
): number {
  const width = bucketWidthMs(kind, sizeMs);
  const end = (bucket + 1) * width;
  return kind === KIND.fixed_window ? end - nowMs : end - 1 + sizeMs - nowMs;
}
