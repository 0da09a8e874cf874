/**
 * Open event streams to gateways. Each event only says where the configuration stands; what a slow
 * reader has not taken yet is replaced by nothing, because the next head says it all.
 */
import type { ServerResponse } from 'node:http';
import type { ConfigHead } from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import { Gauge, type Registry } from '@ai-gateway/node-runtime';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { HeadWatch } from '../../platform/revisions/head-watch.js';
import { REGISTRY } from '../../platform/tokens.js';

const HEARTBEAT_MS = 1000;
const MAX_STREAMS = 1000;
const HEARTBEAT = ': alive\n\n';

@Injectable()
export class FeedStreams implements BeforeApplicationShutdown {
  private readonly streams = new Set<ServerResponse>();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly heads: HeadWatch,
    @Inject(REGISTRY) registry: Registry,
  ) {
    heads.onMove((head) => this.send(eventOf(head)));
    new Gauge({
      name: 'config_center_feed_streams',
      help: 'Event streams open to gateways.',
      registers: [registry],
      collect: this.collect(),
    });
  }

  open(response: ServerResponse): void {
    if (this.streams.size >= MAX_STREAMS) throw new AdminError('OVERLOADED');
    const { head } = this.heads;
    if (head === null) throw new AdminError('STORE_UNAVAILABLE');
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.write(eventOf(head));
    this.streams.add(response);
    this.timer ??= setInterval(() => this.send(HEARTBEAT), HEARTBEAT_MS);
    response.once('close', () => this.forget(response));
  }

  beforeApplicationShutdown(): void {
    for (const stream of this.streams) stream.end();
  }

  /** A reader that does not drain is cut off rather than buffered for; it will reconnect. */
  private send(text: string): void {
    for (const stream of this.streams) {
      if (stream.writableNeedDrain) stream.destroy();
      else stream.write(text);
    }
  }

  private forget(response: ServerResponse): void {
    this.streams.delete(response);
    if (this.streams.size > 0 || this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
  }

  private collect() {
    const { streams } = this;
    return function (this: Gauge): void {
      this.set(streams.size);
    };
  }
}

const eventOf = ({ epoch, revision }: ConfigHead): string =>
  `data: ${JSON.stringify({ epoch, revision })}\n\n`;
