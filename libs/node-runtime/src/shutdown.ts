/**
 * Ordered shutdown: the first SIGTERM or SIGINT runs the steps in the order they were added, a
 * second one ends the process within a second. A process that was started with an IPC channel also
 * ends when its parent is gone, so that nothing outlives a killed launcher.
 */
import type { Logger } from './logger.js';

export interface ShutdownStep {
  name: string;
  run: () => Promise<void> | void;
}

export interface ShutdownOptions {
  logger: Logger;
  /** All steps together, milliseconds; a function is asked when the shutdown begins. */
  deadlineMs: number | (() => number);
  exit?: (code: number) => void;
}

export class Shutdown {
  private readonly steps: ShutdownStep[] = [];
  private started = false;
  private readonly exit: (code: number) => void;

  constructor(private readonly options: ShutdownOptions) {
    this.exit = options.exit ?? ((code) => process.exit(code));
  }

  /** Steps run in the order they were added: stop taking work first, close stores last. */
  add(name: string, run: ShutdownStep['run']): this {
    this.steps.push({ name, run });
    return this;
  }

  listen(): void {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => void this.begin(signal));
    }
    const hasParentChannel = process.send !== undefined;
    if (!hasParentChannel) return;
    if (process.connected) process.once('disconnect', () => this.parentGone());
    else this.parentGone();
  }

  async begin(reason: string): Promise<void> {
    const { logger, deadlineMs } = this.options;
    if (this.started) {
      logger.warn({ reason }, 'second signal, ending now');
      setTimeout(() => this.exit(1), 500).unref();
      return;
    }
    this.started = true;
    logger.info({ reason }, 'shutting down');
    const timer = setTimeout(
      () => {
        logger.warn('shutdown deadline passed');
        this.exit(1);
      },
      typeof deadlineMs === 'number' ? deadlineMs : deadlineMs(),
    );
    for (const step of this.steps) await this.runStep(step);
    clearTimeout(timer);
    logger.info('stopped');
    this.exit(0);
  }

  /** Not a second signal: the parent may end while it waits for this very shutdown. */
  private parentGone(): void {
    if (!this.started) void this.begin('parent process is gone');
  }

  private async runStep(step: ShutdownStep): Promise<void> {
    try {
      await step.run();
    } catch (err) {
      this.options.logger.warn({ err, step: step.name }, 'shutdown step failed');
    }
  }
}
