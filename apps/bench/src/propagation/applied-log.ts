/**
 * When an instance applied which revision, read from its own log: exact to the millisecond on one
 * machine, and without asking the instance, which would slow down what is measured.
 */
import type { SpawnedApp } from '@ai-gateway/testing';

interface Applied {
  revision: number;
  atMs: number;
}

/** In the order of application. */
export function appliedBy(app: SpawnedApp): Applied[] {
  return app.log.split('\n').flatMap((line) => {
    if (!line.includes('"configuration applied"')) return [];
    const { revision, time } = JSON.parse(line) as { revision: number; time: string };
    return [{ revision, atMs: Date.parse(time) }];
  });
}

/** Milliseconds from a moment until the instance ran at least this revision; not below zero. */
export function lagMs(applied: readonly Applied[], revision: number, fromMs: number): number {
  const first = applied.find((each) => each.revision >= revision);
  return first === undefined ? Infinity : Math.max(0, first.atMs - fromMs);
}
