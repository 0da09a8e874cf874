/**
 * Waits for a store no longer than it may take. What comes after the deadline is ignored. An event
 * loop that was blocked fires timers before it reads what has arrived: then the store wasn't late,
 * we were, and the answer gets a moment more.
 */
export class StoreTimeoutError extends Error {
  override readonly name = 'StoreTimeoutError';

  constructor(timeoutMs: number) {
    super(`the store did not answer within ${timeoutMs} ms`);
  }
}

/** A timer this late was held up by our own event loop. */
export const STALLED_MS = 20;
export const GRACE_MS = 50;

/** @throws StoreTimeoutError, or whatever `answer` rejects with */
export function within<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const dueMs = performance.now() + timeoutMs;
    const fail = (): void => {
      reject(new StoreTimeoutError(timeoutMs));
    };
    let timer = setTimeout(() => {
      if (performance.now() - dueMs > STALLED_MS) timer = setTimeout(fail, GRACE_MS);
      else fail();
    }, timeoutMs);
    answer.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}
