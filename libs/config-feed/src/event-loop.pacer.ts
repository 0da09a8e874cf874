/**
 * Lets long loops hand the event loop back, so that loading a large configuration never delays the
 * requests of the same process by more than one slice.
 */
import { setImmediate } from 'node:timers/promises';

const SLICE_MS = 10;

export class EventLoopPacer {
  private sliceStartMs = performance.now();

  /** Call once per item; waits for the next turn of the event loop when the slice is used up. */
  pause(): Promise<unknown> | undefined {
    if (performance.now() - this.sliceStartMs < SLICE_MS) return undefined;
    return this.nextTurn();
  }

  /** Takes steps until they are done, and hands the event loop back between slices of them. */
  async run<Result>(steps: Iterator<unknown, Result, undefined>): Promise<Result> {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      const turn = this.pause();
      if (turn !== undefined) await turn;
    }
  }

  private async nextTurn(): Promise<void> {
    await setImmediate();
    this.sliceStartMs = performance.now();
  }
}
