/**
 * Configuration straight from config-center: the only source of a gateway without Redis, and the
 * one it falls back to. Reads are plain requests; wake-ups arrive over one long answer (SSE) with a
 * heartbeat each second, so that a connection that died silently is noticed within `stallMs`. Feeds
 * arrive as lines and are decoded while they do.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfigFeed, ConfigHead } from '@ai-gateway/contracts';
import { Agent, request, type Dispatcher } from 'undici';
import type { ConfigSource } from './config-source.port.js';
import {
  DEFAULT_FEED_BOUNDS,
  MAX_LINE_BYTES,
  decodeFeedLines,
  decodeHead,
  type FeedBounds,
} from './feed.decoder.js';
import { linesOf } from './line.reader.js';
import { WakeLineReader } from './wake-line.reader.js';

export interface HttpConfigSourceOptions {
  /** Of config-center, for example `http://127.0.0.1:8001`. */
  baseUrl: string;
  /** Sent as `Authorization: Bearer`. */
  credential: string;
  bounds?: Partial<FeedBounds>;
  /** A stream that is silent this long is given up, milliseconds. */
  stallMs?: number;
}

const CONNECT_TIMEOUT_MS = 1_000;
const ANSWER_TIMEOUT_MS = 3_000;
const STALL_MS = 3_000;
const MIN_RECONNECT_MS = 100;
const MAX_RECONNECT_MS = 3_000;
const MAX_HEAD_BYTES = 4_096;

export const createHttpConfigSource = (options: HttpConfigSourceOptions): ConfigSource =>
  new HttpConfigSource(options);

class HttpConfigSource implements ConfigSource {
  readonly name = 'http';
  private readonly bounds: FeedBounds;
  private readonly closing = new AbortController();
  private streaming: Promise<void> | null = null;
  private readonly agent = new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: ANSWER_TIMEOUT_MS,
  });

  constructor(private readonly options: HttpConfigSourceOptions) {
    this.bounds = { ...DEFAULT_FEED_BOUNDS, ...options.bounds };
  }

  async head(signal: AbortSignal): Promise<ConfigHead> {
    return decodeHead(await jsonOf(await this.get('head', signal), MAX_HEAD_BYTES));
  }

  async changesSince(since: ConfigHead | null, signal: AbortSignal): Promise<ConfigFeed> {
    const query = since === null ? '' : `?${queryOf(since)}`;
    return this.feedOf(await this.get(`changes${query}`, signal));
  }

  async contentAt(revision: number, signal: AbortSignal): Promise<ConfigFeed | null> {
    const response = await this.ask(`at/${revision}`, signal);
    if (response.statusCode !== 404) return this.feedOf(await whenOk(response));
    await response.body.dump();
    return null;
  }

  subscribe(onWake: () => void): void {
    this.streaming ??= this.stream(onWake);
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.streaming;
    await this.agent.destroy();
  }

  private async get(path: string, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    return whenOk(await this.ask(path, signal));
  }

  private ask(path: string, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    return request(new URL(`/api/v1/feed/${path}`, this.options.baseUrl), {
      dispatcher: this.agent,
      headers: { authorization: `Bearer ${this.options.credential}` },
      signal,
    });
  }

  private feedOf({ body }: Dispatcher.ResponseData): Promise<ConfigFeed> {
    const { maxBytes, maxChanges } = this.bounds;
    const lines = linesOf(body, { maxBytes, maxLineBytes: MAX_LINE_BYTES });
    return decodeFeedLines(lines, maxChanges).finally(() => body.destroy());
  }

  /** Follows the stream until closed; a broken one is opened again with growing delays. */
  private async stream(onWake: () => void): Promise<void> {
    const { signal } = this.closing;
    let attempt = 0;
    const onOpen = () => {
      attempt = 0;
      onWake();
    };
    while (!signal.aborted) {
      await this.streamOnce(onOpen, onWake).catch(() => undefined);
      const delayMs = Math.min(MAX_RECONNECT_MS, MIN_RECONNECT_MS * 2 ** attempt);
      attempt += 1;
      const jitteredMs = delayMs * (0.5 + Math.random() / 2);
      await sleep(jitteredMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Opening counts as a hint, because some may have been missed. */
  private async streamOnce(onOpen: () => void, onWake: () => void): Promise<void> {
    const stalled = new AbortController();
    const watchdog = setTimeout(() => stalled.abort(), this.options.stallMs ?? STALL_MS);
    try {
      const signal = AbortSignal.any([this.closing.signal, stalled.signal]);
      const { body } = await this.get('stream', signal);
      onOpen();
      const lines = new WakeLineReader(onWake);
      for await (const chunk of body) {
        watchdog.refresh();
        lines.push(chunk as Buffer);
      }
    } finally {
      clearTimeout(watchdog);
    }
  }
}

const queryOf = ({ epoch, revision }: ConfigHead) =>
  `epoch=${encodeURIComponent(epoch)}&revision=${revision}`;

async function whenOk(response: Dispatcher.ResponseData): Promise<Dispatcher.ResponseData> {
  if (response.statusCode === 200) return response;
  await response.body.dump();
  throw new Error(`config-center answered ${response.statusCode}`);
}

async function jsonOf({ body }: Dispatcher.ResponseData, maxBytes: number): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += (chunk as Buffer).length;
    if (bytes > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`);
    chunks.push(chunk as Buffer);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
