/** All processes together: started stage by stage, stopped in the opposite order. */
import type { SupervisedProcess } from './supervised-process.js';

/** Gateways may need long to drain; later stages keep at least this much. */
const STAGE_RESERVE_MS = 2_000;

export class Fleet {
  private stopped: Promise<void> | null = null;

  /** @param stages in start order */
  constructor(readonly stages: readonly (readonly SupervisedProcess[])[]) {}

  /** Rejects with the first process that does not start; the caller stops the others. */
  async start(onReady: (name: string, url: string) => void): Promise<void> {
    for (const stage of this.stages) {
      if (this.stopped !== null) return;
      await Promise.all(
        stage.map(async (process) => onReady(process.plan.name, await process.start())),
      );
    }
  }

  /** Gateways first, config-center last; whatever is left at the deadline is killed. */
  stop(timeoutMs: number): Promise<void> {
    this.stopped ??= this.stopStages(Date.now() + timeoutMs);
    return this.stopped;
  }

  /** At once. */
  kill(): void {
    for (const process of this.stages.flat()) process.kill();
  }

  get bootstrapLines(): string[] {
    return this.stages.flat().flatMap((process) => process.bootstrapLines);
  }

  private async stopStages(deadlineMs: number): Promise<void> {
    for (const [left, stage] of [...this.stages.entries()].reverse()) {
      const remainingMs = Math.max(0, deadlineMs - Date.now());
      const shareMs = Math.max(remainingMs / (left + 1), remainingMs - left * STAGE_RESERVE_MS);
      await Promise.all(stage.map((process) => process.stop(shareMs)));
    }
  }
}
