/** How busy this process was since it was asked last. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Heartbeat } from '@ai-gateway/contracts';

const RESOLUTION_MS = 20;
const NANOSECONDS = 1e6;

export interface LoadSources {
  inflight: () => number;
  openStreams: () => Promise<number>;
  /** Client requests since the start. */
  requests: () => number;
}

export class LoadMeter {
  private readonly delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private cpu = process.cpuUsage();
  private atMs = performance.now();
  private requests: number;

  constructor(private readonly sources: LoadSources) {
    this.requests = sources.requests();
    this.delays.enable();
  }

  async read(): Promise<Heartbeat['load']> {
    const nowMs = performance.now();
    const elapsedMs = Math.max(1, nowMs - this.atMs);
    const spent = process.cpuUsage(this.cpu);
    const requests = this.sources.requests();
    const load = {
      inflight: this.sources.inflight(),
      open_streams: Math.max(0, await this.sources.openStreams()),
      requests_per_second: rounded(((requests - this.requests) * 1000) / elapsedMs),
      cpu_ratio: rounded((spent.user + spent.system) / 1000 / elapsedMs),
      rss_bytes: process.memoryUsage.rss(),
      event_loop_delay_p99_ms: rounded(this.delayMs()),
    };
    this.delays.reset();
    this.cpu = process.cpuUsage();
    this.atMs = nowMs;
    this.requests = requests;
    return load;
  }

  close(): void {
    this.delays.disable();
  }

  /** The timer's own period is no delay. */
  private delayMs(): number {
    const { count } = this.delays;
    return count === 0 ? 0 : Math.max(0, this.delays.percentile(99) / NANOSECONDS - RESOLUTION_MS);
  }
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;
