/**
 * Decides when the shared store is away and asks until it is back. A timeout opens at once, so that
 * only the first requests wait; other errors after a few in a row, so that one bad key doesn't take
 * the store from everyone. Probes are jittered: instances don't return in step.
 */
import { StoreTimeoutError, within } from './deadline.js';

export interface StoreBreakerOptions {
  readonly probe: () => Promise<void>;
  readonly probeMs: number;
  readonly timeoutMs: number;
  readonly onOpen: (error: unknown) => void;
  readonly onClose: () => void;
}

const ERRORS_IN_A_ROW = 3;

export class StoreBreaker {
  private errors = 0;
  private timer: NodeJS.Timeout | null = null;
  private isStopped = false;
  isOpen = false;

  constructor(private readonly options: StoreBreakerOptions) {}

  succeeded(): void {
    this.errors = 0;
  }

  /** @returns whether the store counts as away now */
  failed(error: unknown): boolean {
    this.errors += 1;
    if (this.isOpen || this.isStopped) return this.isOpen;
    if (this.errors < ERRORS_IN_A_ROW && !(error instanceof StoreTimeoutError)) return false;
    this.isOpen = true;
    this.options.onOpen(error);
    this.scheduleProbe();
    return true;
  }

  stop(): void {
    this.isStopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private scheduleProbe(): void {
    const delayMs = this.options.probeMs * (0.5 + Math.random());
    this.timer = setTimeout(() => void this.probe(), delayMs);
    this.timer.unref();
  }

  private async probe(): Promise<void> {
    const { probe, timeoutMs, onClose } = this.options;
    try {
      await within(timeoutMs, probe());
    } catch {
      if (!this.isStopped) this.scheduleProbe();
      return;
    }
    if (this.isStopped) return;
    this.errors = 0;
    this.isOpen = false;
    onClose();
  }
}
