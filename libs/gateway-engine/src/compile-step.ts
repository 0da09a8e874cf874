/**
 * Work in steps, so that whoever runs it decides how long the event loop is held: a generator that
 * yields where it may be interrupted and returns its result. Rejected: async functions, which cost
 * a turn of the microtask queue per step and bind the engine to a clock.
 */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** All steps in one go. */
export function finish<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
