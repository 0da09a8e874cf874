/**
 * Configuration from the copy in Redis: one connection asks for the head, one reads changes in one
 * script call, one listens for wake-ups. All fail fast (no offline queue, short timeouts) because
 * the follower has another source and polls anyway; a connection that stops answering is torn down
 * and made anew, as a half-open one reports nothing by itself. Reading may take long for as long as
 * bytes arrive, since tens of megabytes over a busy network are no fault.
 */
import { CONFIG_CHANGED_CHANNEL, feedKeys } from '@ai-gateway/contracts';
import { Redis, type RedisOptions } from 'ioredis';
import type { ConfigSource } from './config-source.port.js';
import { DEFAULT_FEED_BOUNDS, decodeFeed, decodeHead, type FeedBounds } from './feed.decoder.js';
import { RedisScript } from './redis-script.js';

export interface RedisConfigSourceOptions {
  /** `redis://` URL, or options for Sentinel, TLS and the like. */
  redis: string | RedisOptions;
  bounds?: Partial<FeedBounds>;
}

const COMMAND_TIMEOUT_MS = 1_000;
/** Of a read, for as long as bytes arrive; the follower's own bound is a little longer. */
const READ_TIMEOUT_MS = 14_000;
/** A read in which nothing arrives for this long is given up. */
const READ_STALL_MS = 2_000;
/** Ping + its timeout + reconnect stay below 3 s. */
const PING_EVERY_MS = 1_000;
const MAX_RECONNECT_MS = 1_000;
/** A silent peer never answers a FIN either. */
const DISCONNECT_TIMEOUT_MS = 200;
/** Where subscribing is refused, asking again does not hurry. */
const MIN_RESUBSCRIBE_MS = 1_000;
const MAX_RESUBSCRIBE_MS = 30_000;
const KEYS = [feedKeys.head, feedKeys.log, feedKeys.resources];

const readScript = new RedisScript('read.lua');

export function createRedisConfigSource(options: RedisConfigSourceOptions): ConfigSource {
  const commands = connectionOf(options.redis, 'config-feed');
  const reads = connectionOf(options.redis, 'config-feed-read', {
    commandTimeout: READ_TIMEOUT_MS,
    socketTimeout: READ_STALL_MS,
  });
  const bounds = { ...DEFAULT_FEED_BOUNDS, ...options.bounds };
  let listener: WakeListener | null = null;

  return {
    name: 'redis',

    async head(signal) {
      const fields = await answerOf(commands, signal, () =>
        commands.hmget(feedKeys.head, 'epoch', 'revision'),
      );
      if (fields[0] === null) throw new Error('no configuration copy in this Redis');
      return decodeHead({ epoch: fields[0], revision: Number(fields[1]) });
    },

    async changesSince(since, signal) {
      const args = [since?.epoch ?? '', since?.revision ?? 0, bounds.maxChanges, bounds.maxBytes];
      const reply = await answerOf(reads, signal, () => readScript.run(reads, KEYS, args));
      const [epoch, revision, type, ...changes] = reply as string[];
      const envelope = { epoch, revision: Number(revision), type };
      return decodeFeed(envelope, changes, bounds.maxChanges);
    },

    subscribe(onWake) {
      listener ??= new WakeListener(connectionOf(options.redis, 'config-feed-wake'), onWake);
    },

    close() {
      listener?.close();
      commands.disconnect();
      reads.disconnect();
      return Promise.resolve();
    },
  };
}

function connectionOf(
  redis: string | RedisOptions,
  connectionName: string,
  timeouts: Pick<RedisOptions, 'commandTimeout' | 'socketTimeout'> = {},
): Redis {
  const options: RedisOptions = {
    connectionName,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    connectTimeout: COMMAND_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(MAX_RECONNECT_MS, 50 * attempt) * (0.5 + Math.random()),
    ...timeouts,
  };
  const connection =
    typeof redis === 'string' ? new Redis(redis, options) : new Redis({ ...redis, ...options });
  // Every failure reaches the caller of a command; without a listener ioredis would print it too.
  connection.on('error', () => undefined);
  return connection;
}

/** Runs a command on a connection that is up; one that went silent is replaced. */
async function answerOf<Reply>(
  connection: Redis,
  signal: AbortSignal,
  command: () => Promise<Reply>,
): Promise<Reply> {
  await whenReady(connection, signal);
  try {
    return await abortable(command(), signal);
  } catch (error) {
    if (error instanceof Error && error.message === 'Command timed out')
      connection.disconnect(true);
    throw error;
  }
}

/** Waits for the first connection only; later a lost one fails the command at once. */
async function whenReady(connection: Redis, signal: AbortSignal): Promise<void> {
  if (connection.status !== 'wait') return;
  await abortable(connection.connect(), signal);
}

function abortable<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/**
 * Holds the subscription; wakes once per message and once per (re)connect. A server that answers
 * but refuses keeps its connection: each new one would only be refused again.
 */
class WakeListener {
  private readonly pinging: NodeJS.Timeout;
  private retrying: NodeJS.Timeout | null = null;
  private refusals = 0;

  constructor(
    private readonly connection: Redis,
    private readonly onWake: () => void,
  ) {
    connection.on('message', () => onWake());
    connection.on('ready', () => this.subscribe());
    connection.connect().catch(() => undefined);
    this.pinging = setInterval(() => this.ping(), PING_EVERY_MS);
    this.pinging.unref();
  }

  close(): void {
    clearInterval(this.pinging);
    this.stopRetrying();
    this.connection.disconnect();
  }

  private subscribe(): void {
    this.stopRetrying();
    this.connection.subscribe(CONFIG_CHANGED_CHANNEL).then(
      () => {
        this.refusals = 0;
        this.onWake();
      },
      (error: unknown) => {
        if (isRefusal(error)) this.retryLater();
        else this.connection.disconnect(true);
      },
    );
  }

  private retryLater(): void {
    const delayMs = Math.min(MAX_RESUBSCRIBE_MS, MIN_RESUBSCRIBE_MS * 2 ** this.refusals);
    this.refusals += 1;
    this.retrying = setTimeout(() => {
      if (this.connection.status === 'ready') this.subscribe();
    }, delayMs).unref();
  }

  private stopRetrying(): void {
    if (this.retrying !== null) clearTimeout(this.retrying);
    this.retrying = null;
  }

  private ping(): void {
    if (this.connection.status !== 'ready') return;
    this.connection.ping().catch((error: unknown) => {
      if (!isRefusal(error)) this.connection.disconnect(true);
    });
  }
}

/** The server is there and says no. */
const isRefusal = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ReplyError';
