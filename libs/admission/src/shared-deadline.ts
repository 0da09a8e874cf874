/**
 * One timeout for many waits: a single sweep looks after all of them, at most `SWEEP_MS` late. A
 * timer per wait costs more than the wait itself. A sweep that comes late was held up by our own
 * event loop, which fires timers before it reads what has arrived: whoever is due then gets a moment
 * more, once.
 */
import { GRACE_MS, STALLED_MS, StoreTimeoutError } from './deadline.js';

interface Wait {
  dueMs: number;
  isDone: boolean;
  isExtended: boolean;
  readonly fail: (error: Error) => void;
}

const SWEEP_MS = 25;

export class SharedDeadline {
  private waits: Wait[] = [];
  private sweptAtMs = 0;
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly timeoutMs: number) {}

  /** Rejects with StoreTimeoutError, or whatever `answer` rejects with. */
  within<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, fail) => {
      const nowMs = performance.now();
      const wait: Wait = { dueMs: nowMs + this.timeoutMs, isDone: false, isExtended: false, fail };
      this.waits.push(wait);
      if (this.timer === null) this.start(nowMs);
      answer.then(
        (value) => {
          wait.isDone = true;
          resolve(value);
        },
        (error: unknown) => {
          wait.isDone = true;
          fail(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }

  private start(nowMs: number): void {
    this.sweptAtMs = nowMs;
    this.timer = setInterval(this.sweep, SWEEP_MS);
  }

  /** Runs on while there was something to wait for: starting a timer per lone request would cost. */
  private readonly sweep = (): void => {
    const nowMs = performance.now();
    const wasStalled = nowMs - this.sweptAtMs > SWEEP_MS + STALLED_MS;
    this.sweptAtMs = nowMs;
    if (this.waits.length === 0 && this.timer !== null) {
      clearInterval(this.timer);
      this.timer = null;
    }
    this.waits = this.waits.filter(
      (wait) => !wait.isDone && this.isWaiting(wait, nowMs, wasStalled),
    );
  };

  private isWaiting(wait: Wait, nowMs: number, wasStalled: boolean): boolean {
    if (nowMs < wait.dueMs) return true;
    if (wasStalled && !wait.isExtended) {
      wait.isExtended = true;
      wait.dueMs = nowMs + GRACE_MS;
      return true;
    }
    wait.fail(new StoreTimeoutError(this.timeoutMs));
    return false;
  }
}
