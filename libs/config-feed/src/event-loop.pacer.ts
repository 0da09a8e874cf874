/**
 * Lets long loops hand the event loop back, so that loading a large configuration never delays the
 * requests of the same process by more than one slice.
 */
import { setImmediate } from 'node:timers/promises';

const SLICE_MS = 15;

export class EventLoopPacer {
  private sliceStartMs = performance.now();

  /** Call once per item; waits for the next turn of the event loop when the slice is used up. */
  pause(): Promise<unknown> | undefined {
    if (performance.now() - this.sliceStartMs < SLICE_MS) return undefined;
    return this.nextTurn();
  }

  private async nextTurn(): Promise<void> {
    await setImmediate();
    this.sliceStartMs = performance.now();
  }
}
