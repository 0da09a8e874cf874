/**
 * The process's Redis: one client for commands, one for subscriptions. Commands fail fast while it
 * is away (nothing queues up); the subscription comes back by itself.
 */
import { Redis } from 'ioredis';
import { CONFIG_CHANGED_CHANNEL } from '@ai-gateway/contracts';
import type { Logger } from '@ai-gateway/node-runtime';

const COMMAND_TIMEOUT_MS = 2000;
const CONNECT_TIMEOUT_MS = 2000;
const MAX_RECONNECT_MS = 2000;

export class RedisConnection {
  readonly client: Redis;
  private readonly subscriber: Redis;
  private failing = false;

  constructor(
    url: string,
    private readonly logger: Logger,
  ) {
    this.client = new Redis(url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_TIMEOUT_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      retryStrategy: (attempt) => Math.min(attempt * 100, MAX_RECONNECT_MS),
    });
    this.subscriber = this.client.duplicate({
      enableOfflineQueue: true,
      maxRetriesPerRequest: null,
      commandTimeout: undefined,
    });
    for (const client of [this.client, this.subscriber]) client.on('error', this.onError);
    this.client.on('ready', this.onReady);
  }

  /** Resolves when the first attempt ended, successful or not. */
  async start(onReady: () => void, onConfigChanged: () => void): Promise<void> {
    this.client.on('ready', onReady);
    this.subscriber.on('message', onConfigChanged);
    this.subscriber.on('ready', onConfigChanged);
    const subscribed = this.subscriber.subscribe(CONFIG_CHANGED_CHANNEL);
    subscribed.catch(this.onError);
    await this.client.connect().catch(this.onError);
  }

  async isUp(): Promise<boolean> {
    try {
      await this.client.ping();
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    this.client.disconnect();
    this.subscriber.disconnect();
  }

  private readonly onError = (err: unknown): void => {
    if (!this.failing) this.logger.warn({ err }, 'Redis does not answer');
    this.failing = true;
  };

  private readonly onReady = (): void => {
    if (this.failing) this.logger.info('Redis answers again');
    this.failing = false;
  };
}
