/**
 * The load generator, a process of its own: keeps `connections` requests in flight for a time and
 * checks every answer. Rejected: an open loop with a fixed rate, which needs to know each proxy's
 * capacity beforehand; here CPU per request is the figure to trust, and a closed loop gives it.
 */
import { performance } from 'node:perf_hooks';
import { Pool, type Dispatcher } from 'undici';
import type { LoadOrder, LoadResult } from '../measure/load.types.js';

process.on('disconnect', () => process.exit(0));
process.on('message', (order: LoadOrder) => {
  void new LoadRun(order).result.then((result) => process.send?.(result));
});
process.send?.({ ready: true });

class LoadRun {
  readonly result: Promise<LoadResult>;
  private resolve!: (result: LoadResult) => void;
  private readonly pool: Pool;
  private readonly latenciesMs: number[] = [];
  private readonly startedAt = performance.now();
  private readonly endsAt: number;
  private readonly bodies: Buffer;
  private inFlight = 0;
  private sent = 0;
  private failure: string | null = null;

  constructor(private readonly order: LoadOrder) {
    this.result = new Promise((resolve) => (this.resolve = resolve));
    this.endsAt = this.startedAt + order.seconds * 1000;
    this.bodies = Buffer.from(order.body);
    this.pool = new Pool(order.origin, { connections: order.connections, pipelining: 1 });
    for (let index = 0; index < order.connections; index += 1) this.send();
  }

  private send(): void {
    const { order } = this;
    const headers = order.headerSets[this.sent % order.headerSets.length] ?? [];
    this.sent += 1;
    this.inFlight += 1;
    this.pool.dispatch(
      { method: 'POST', path: order.path, headers: [...headers], body: this.bodies },
      new Exchange(this.onEnd),
    );
  }

  private readonly onEnd = (exchange: Exchange, error: Error | null): void => {
    const endedAt = performance.now();
    this.inFlight -= 1;
    this.latenciesMs.push(endedAt - exchange.startedAt);
    this.failure ??= this.failureOf(exchange, error);
    if (this.failure === null && endedAt < this.endsAt) return this.send();
    if (this.inFlight === 0) void this.finish(endedAt);
  };

  private failureOf({ status, bytes }: Exchange, error: Error | null): string | null {
    if (error !== null) return `failed: ${error.message}`;
    if (status !== 200) return `answered ${status}`;
    const { answerBytes } = this.order;
    return bytes === answerBytes ? null : `answered ${bytes} bytes instead of ${answerBytes}`;
  }

  private async finish(endedAt: number): Promise<void> {
    await this.pool.close();
    const sorted = Float64Array.from(this.latenciesMs).sort();
    const quantile = (part: number): number => sorted[Math.floor(sorted.length * part)] ?? 0;
    this.resolve({
      requests: sorted.length,
      elapsedMs: endedAt - this.startedAt,
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
      failure: this.failure,
    });
  }
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly startedAt = performance.now();
  status = 0;
  bytes = 0;

  constructor(private readonly onEnd: (exchange: Exchange, error: Error | null) => void) {}

  onRequestStart(): void {
    // never aborted
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.status = status;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.bytes += chunk.length;
  }

  onResponseEnd(): void {
    this.onEnd(this, null);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.onEnd(this, error);
  }
}
