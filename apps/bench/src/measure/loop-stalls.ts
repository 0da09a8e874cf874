/**
 * How long the event loop was held at a time: the longest gap between two turns of it, and the most
 * CPU time this thread spent within one. On a shared machine the first includes waiting for a core.
 * Finer than `monitorEventLoopDelay`, which samples at timers.
 */
export interface LongestStall {
  readonly wallMs: number;
  readonly cpuMs: number;
}

export class LoopStalls {
  private longest: LongestStall = { wallMs: 0, cpuMs: 0 };
  private last = timesMs();
  private next = setImmediate(() => this.turn());

  /** Stops looking. */
  end(): LongestStall {
    clearImmediate(this.next);
    this.note();
    return this.longest;
  }

  private turn(): void {
    this.note();
    this.next = setImmediate(() => this.turn());
  }

  private note(): void {
    const now = timesMs();
    this.longest = {
      wallMs: Math.max(this.longest.wallMs, now.wallMs - this.last.wallMs),
      cpuMs: Math.max(this.longest.cpuMs, now.cpuMs - this.last.cpuMs),
    };
    this.last = now;
  }
}

function timesMs(): LongestStall {
  const { user, system } = process.threadCpuUsage();
  return { wallMs: performance.now(), cpuMs: (user + system) / 1000 };
}
