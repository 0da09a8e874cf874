/**
 * Keeps the copy of the configuration in Redis. What is pending is only the fact that something is
 * ("dirty"): each run brings the copy from where it stands to where the database stands, so a run
 * may fail, be repeated, or run in several config-centers at once. Rejected: a queue of publishes,
 * which grows while Redis is away and must be replayed in order.
 */
import type { RedisConfigPublisher } from '@ai-gateway/config-feed';
import type { ConfigHead } from '@ai-gateway/contracts';
import type { AdminError } from '@ai-gateway/nest-runtime';
import type { Logger } from '@ai-gateway/node-runtime';
import type { Cluster, Redis } from 'ioredis';
import type { ChangeLog } from './change-log.js';
import { ConfigMirror } from './config-mirror.js';
import { isOverCap, requireWithinCaps } from './copy-caps.js';
import { allDocuments, documentsFor, type CopyDocument } from './copy-documents.js';

const RETRY_MS = 1000;
/** How soon a flushed or restored Redis is noticed. */
const VERIFY_MS = 1000;
/** Well within the shortest time to live of the documented keys (1800 s). */
const REFRESH_MS = 600_000;
/** A longer gap is rebuilt, which costs less than this many scripts. */
const MAX_STEPS = 100;
/** Longer steps are rebuilt: one script call takes each change as an argument. */
const MAX_STEP_CHANGES = 1000;
const DOCUMENTS_PER_PIPELINE = 500;

export interface RedisCopyOptions {
  redis: Redis | Cluster;
  publisher: RedisConfigPublisher;
  log: ChangeLog;
  logger: Logger;
  onFailure: () => void;
  /** Told of what the copy says, which may be more than the database knows. */
  onSeen: (copy: ConfigHead) => Promise<void>;
}

export class RedisCopy {
  private readonly mirror = new ConfigMirror();
  private dirty = false;
  private rebuild = false;
  private failing = false;
  private running: Promise<void> | null = null;
  private retryTimer: NodeJS.Timeout | null = null;
  private refreshTimer: NodeJS.Timeout | null = null;
  private verifyTimer: NodeJS.Timeout | null = null;
  private stopped = false;

  constructor(private readonly options: RedisCopyOptions) {}

  start(): void {
    this.refreshTimer = setInterval(() => {
      this.rebuild = true;
      this.touch();
    }, REFRESH_MS);
    this.verifyTimer = setInterval(() => void this.verify(), VERIFY_MS);
    this.rebuild = true;
    this.touch();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    if (this.refreshTimer !== null) clearInterval(this.refreshTimer);
    if (this.verifyTimer !== null) clearInterval(this.verifyTimer);
    await this.running?.catch(() => undefined);
  }

  /** Something moved: bring the copy up to date soon. Returns at once. */
  touch(): void {
    this.dirty = true;
    if (!this.stopped && this.running === null) void this.alone(() => this.run());
  }

  /** Writes everything anew; rejects when Redis or the database is away. */
  async sync(): Promise<ConfigHead> {
    while (this.running !== null) await this.running.catch(() => undefined);
    await this.alone(() => this.rebuildAll());
    return this.mirror.head as ConfigHead;
  }

  /** Where the copy stands; null when there is none. */
  head(): Promise<ConfigHead | null> {
    return this.options.publisher.head();
  }

  /** Rebuilds a copy that is gone, of another epoch or behind what was written to it. */
  private async verify(): Promise<void> {
    const written = this.mirror.head;
    if (this.running !== null || written === null) return;
    const copy = await this.head().catch(() => written);
    if (copy?.epoch === written.epoch && copy.revision >= written.revision) return;
    this.rebuild = true;
    this.touch();
  }

  /** Two at once could leave the documents of the older state. */
  private alone(work: () => Promise<void>): Promise<void> {
    this.running = work().finally(() => {
      this.running = null;
      if (this.dirty && this.retryTimer === null) this.touch();
    });
    return this.running;
  }

  private async run(): Promise<void> {
    while (this.dirty && !this.stopped) {
      this.dirty = false;
      try {
        if (this.rebuild) await this.rebuildAll();
        else await this.catchUp();
        this.recovered();
      } catch (err) {
        if (isOverCap(err)) this.refused(err);
        else this.failed(err);
        return;
      }
    }
  }

  private async catchUp(): Promise<void> {
    const { log, publisher } = this.options;
    const feed = await log.feedSince(this.mirror.head);
    const copy = await publisher.head();
    if (copy !== null && isAhead(copy, feed)) return this.wentBack(copy);
    const behind = copy?.epoch === feed.epoch ? feed.revision - copy.revision : Infinity;
    const isLarge = behind > MAX_STEPS || feed.changes.length > MAX_STEP_CHANGES;
    if (feed.type === 'full' || isLarge) return this.rebuildAll();
    for (let revision = feed.revision - behind + 1; revision <= feed.revision; revision += 1) {
      const changes = await log.changesOf(revision);
      const outcome = await publisher.publish({ epoch: feed.epoch, revision, changes });
      if (outcome === 'gap') return this.rebuildAll();
    }
    await this.writeDocuments(documentsFor(this.mirror, this.mirror.apply(feed)));
  }

  /** After a new epoch, or a commit that was read too early, everything is looked at again. */
  private async wentBack(copy: ConfigHead): Promise<void> {
    await this.options.onSeen(copy);
    this.rebuild = true;
    this.dirty = true;
  }

  private async rebuildAll(): Promise<void> {
    const { log, publisher } = this.options;
    const head = await log.head();
    const copy = await publisher.head();
    if (copy !== null && isAhead(copy, head)) await this.options.onSeen(copy);
    const feed = await log.feedSince(null);
    requireWithinCaps(feed.changes);
    const outcome = await publisher.replaceAll(feed);
    if (outcome === 'gap') throw new Error('the copy was lost while it was written');
    const changes = this.mirror.apply(feed);
    await this.writeDocuments([
      ...documentsFor(this.mirror, changes),
      ...allDocuments(this.mirror),
    ]);
    this.rebuild = false;
  }

  private async writeDocuments(documents: readonly CopyDocument[]): Promise<void> {
    for (let start = 0; start < documents.length; start += DOCUMENTS_PER_PIPELINE) {
      const pipeline = this.options.redis.pipeline();
      for (const { key, ttlSec, value } of documents.slice(start, start + DOCUMENTS_PER_PIPELINE)) {
        if (value === null) pipeline.del(key);
        else pipeline.set(key, JSON.stringify(value), 'EX', ttlSec);
      }
      const results = await pipeline.exec();
      const failure = results?.find(([error]) => error !== null)?.[0];
      if (failure) throw failure;
    }
  }

  private failed(err: unknown): void {
    this.options.onFailure();
    if (!this.failing) {
      this.options.logger.warn({ err }, 'the copy in Redis cannot be refreshed; retrying');
    }
    this.failing = true;
    this.rebuild = true;
    this.dirty = true;
    if (this.stopped) return;
    this.retryTimer = setTimeout(() => {
      this.retryTimer = null;
      this.touch();
    }, RETRY_MS);
  }

  /** Tried again when the head moves, not before: reading all of it costs seconds. */
  private refused({ details }: AdminError): void {
    this.options.onFailure();
    this.options.logger.error(
      { details },
      'more than gateways take; the copy in Redis stays behind',
    );
  }

  private recovered(): void {
    if (this.failing) this.options.logger.info('the copy in Redis is up to date again');
    this.failing = false;
  }
}

const isAhead = (copy: ConfigHead, head: ConfigHead): boolean =>
  copy.epoch === head.epoch && copy.revision > head.revision;
