/** Waits for what other processes will do, where they have no event to tell it by. */
import { setTimeout as delay } from 'node:timers/promises';

const STEP_MS = 20;

/** Resolves with the first value that is not null; rejects with what was seen last. */
export async function eventually<Value>(
  what: string,
  look: () => Promise<Value | null>,
  timeoutMs = 10_000,
): Promise<Value> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown = 'nothing';
  do {
    try {
      const value = await look();
      if (value !== null) return value;
    } catch (error) {
      last = error;
    }
    await delay(STEP_MS);
  } while (performance.now() < deadline);
  throw new Error(`${what}: not within ${timeoutMs} ms`, { cause: last });
}
