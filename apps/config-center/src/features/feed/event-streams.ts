/**
 * Long answers of server-sent events, with a heartbeat. A peer that vanished without a word is not
 * noticed by writing to it: heartbeats fit into the kernel's buffers for hours. So no stream gets
 * older than `maxAgeMs`; its reader opens the next one within a fraction of a second, and what it
 * missed meanwhile it is told first.
 */
import type { ServerResponse } from 'node:http';

export interface EventStreamsOptions {
  heartbeatMs: number;
  /** Streams end between this age and a quarter less, so that they don't end together. */
  maxAgeMs: number;
}

const HEARTBEAT = ': alive\n\n';

export class EventStreams {
  /** With the time at which each is to end. */
  private readonly streams = new Map<ServerResponse, number>();
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly options: EventStreamsOptions) {}

  get size(): number {
    return this.streams.size;
  }

  /** @param first the first event, complete with its empty line */
  open(response: ServerResponse, first: string): void {
    const { heartbeatMs, maxAgeMs } = this.options;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      // The end of the answer must be the end of the connection, or it would be kept for a peer that is gone.
      connection: 'close',
    });
    response.write(first);
    this.streams.set(response, performance.now() + maxAgeMs * (1 - Math.random() / 4));
    this.timer ??= setInterval(() => this.beat(), heartbeatMs);
    response.once('close', () => this.forget(response));
  }

  /** A reader that does not drain is cut off rather than buffered for; it will reconnect. */
  send(text: string): void {
    for (const stream of this.streams.keys()) {
      if (stream.writableNeedDrain || stream.writableEnded) stream.destroy();
      else stream.write(text);
    }
  }

  end(): void {
    for (const stream of this.streams.keys()) stream.end();
  }

  private beat(): void {
    this.send(HEARTBEAT);
    const nowMs = performance.now();
    for (const [stream, endMs] of this.streams) if (endMs <= nowMs) stream.end();
  }

  private forget(response: ServerResponse): void {
    this.streams.delete(response);
    if (this.streams.size > 0 || this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
  }
}
