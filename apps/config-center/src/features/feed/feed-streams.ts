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
import { EventStreams } from './event-streams.js';

const HEARTBEAT_MS = 1_000;
const MAX_AGE_MS = 60_000;
const MAX_STREAMS = 1_000;

@Injectable()
export class FeedStreams implements BeforeApplicationShutdown {
  private readonly streams = new EventStreams({
    heartbeatMs: HEARTBEAT_MS,
    maxAgeMs: MAX_AGE_MS,
  });

  constructor(
    private readonly heads: HeadWatch,
    @Inject(REGISTRY) registry: Registry,
  ) {
    heads.onMove((head) => this.streams.send(eventOf(head)));
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
    this.streams.open(response, eventOf(head));
  }

  beforeApplicationShutdown(): void {
    this.streams.end();
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
