/**
 * Whether API keys can still be believed. A gateway that no configuration source answers cannot know
 * that a key was revoked; after `maxStaleMs` it refuses requests with a key. The clock is read once a
 * second, so that a request only looks at a flag.
 */
import type { Logger } from '@ai-gateway/node-runtime';

export interface KeyFreshnessOptions {
  /** 0: keys are believed for ever. */
  maxStaleMs: number;
  /** When a source last answered; null: no configuration yet. */
  lastContactMs: () => number | null;
  logger: Logger;
}

const CHECK_MS = 1_000;

export class KeyFreshness {
  isStale = false;
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly options: KeyFreshnessOptions) {}

  start(): void {
    if (this.options.maxStaleMs === 0) return;
    this.check();
    this.timer = setInterval(() => this.check(), CHECK_MS);
    this.timer.unref();
  }

  close(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  private check(): void {
    const { lastContactMs, maxStaleMs, logger } = this.options;
    const contactMs = lastContactMs();
    const isStale = contactMs !== null && Date.now() - contactMs > maxStaleMs;
    if (isStale === this.isStale) return;
    this.isStale = isStale;
    if (isStale) logger.warn('no configuration source answers: API keys are refused');
    else logger.info('a configuration source answers: API keys are accepted again');
  }
}
