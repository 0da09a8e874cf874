/**
 * Leaves a service alone that keeps failing: after a number of failures in a row nobody asks for a
 * while, then one request tries, and its outcome decides for all.
 */
export interface ServiceBreakerOptions {
  failuresToOpen: number;
  openMs: number;
  nowMs: () => number;
  /** Called once when it opens and once when the service is back. */
  onChange: (isOpen: boolean, error: unknown) => void;
}

export class ServiceBreaker {
  private failures = 0;
  private openUntilMs = 0;
  private isOpen = false;

  constructor(private readonly options: ServiceBreakerOptions) {}

  /** Whether the caller may ask; it must tell the outcome then. */
  tryEnter(): boolean {
    if (!this.isOpen) return true;
    const nowMs = this.options.nowMs();
    if (nowMs < this.openUntilMs) return false;
    this.openUntilMs = nowMs + this.options.openMs;
    return true;
  }

  succeeded(): void {
    this.failures = 0;
    if (!this.isOpen) return;
    this.isOpen = false;
    this.options.onChange(false, null);
  }

  failed(error: unknown): void {
    const { failuresToOpen, openMs, nowMs, onChange } = this.options;
    this.failures += 1;
    if (this.failures < failuresToOpen) return;
    this.openUntilMs = nowMs() + openMs;
    if (this.isOpen) return;
    this.isOpen = true;
    onChange(true, error);
  }
}
