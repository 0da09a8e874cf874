import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoreTimeoutError } from './deadline.js';
import { SharedDeadline } from './shared-deadline.js';

const TIMEOUT_MS = 250;
const never = (): Promise<never> => new Promise<never>(() => undefined);

describe('a deadline many waits share', () => {
  let deadline: SharedDeadline;
  beforeEach(() => {
    vi.useFakeTimers();
    deadline = new SharedDeadline(TIMEOUT_MS);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  /** When the wait ended, from now on, and how. */
  function watch(answer: Promise<unknown>) {
    const startMs = performance.now();
    const seen = { endedMs: NaN, result: undefined as unknown };
    const end = (result: unknown): void => {
      seen.endedMs = performance.now() - startMs;
      seen.result = result;
    };
    void deadline.within(answer).then(end, end);
    return seen;
  }

  it('ends each wait no more than one sweep after its own timeout', async () => {
    const first = watch(never());
    await vi.advanceTimersByTimeAsync(90);
    const second = watch(never());
    await vi.advanceTimersByTimeAsync(400);
    for (const { endedMs, result } of [first, second]) {
      expect(result).toBeInstanceOf(StoreTimeoutError);
      expect(endedMs).toBeGreaterThanOrEqual(TIMEOUT_MS);
      expect(endedMs).toBeLessThanOrEqual(TIMEOUT_MS + 25);
    }
  });

  it('hands on what answers and what fails', async () => {
    const cause = new Error('connection lost');
    const [answered, failed] = [watch(Promise.resolve(7)), watch(Promise.reject(cause))];
    await vi.advanceTimersByTimeAsync(0);
    expect([answered.result, failed.result]).toEqual([7, cause]);
  });

  it('gives what is due a moment more when the event loop was blocked, but only once', async () => {
    const seen = watch(never());
    await vi.advanceTimersByTimeAsync(10);
    const now = performance.now.bind(performance);
    let blockedMs = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now() + blockedMs);
    for (let i = 0; i < 20 && Number.isNaN(seen.endedMs); i += 1) {
      blockedMs += 100;
      await vi.advanceTimersByTimeAsync(25);
    }
    expect(seen.result).toBeInstanceOf(StoreTimeoutError);
    expect(seen.endedMs).toBeGreaterThan(TIMEOUT_MS + 25);
    expect(seen.endedMs).toBeLessThan(TIMEOUT_MS + 300);
  });

  it('stops its timer when nothing waits any more', async () => {
    watch(Promise.resolve());
    await vi.advanceTimersByTimeAsync(50);
    expect(vi.getTimerCount()).toBe(0);
    const again = watch(never());
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS + 25);
    expect(again.result).toBeInstanceOf(StoreTimeoutError);
  });
});
