/**
 * What the configuration's digest was at each of the last revisions, so that what an instance
 * reports can be checked even when the head has moved on. Kept up by adding up changes, revision by
 * revision; computed from everything only at the start, after a long gap and in a new epoch.
 */
import { ConfigDigest, EventLoopPacer } from '@ai-gateway/config-feed';
import type { ConfigChange, ConfigFeed, ConfigHead } from '@ai-gateway/contracts';
import type { Logger } from '@ai-gateway/node-runtime';

const MAX_REVISIONS = 1_000;
/** A longer gap is cheaper to compute from everything. */
const MAX_STEPS = 200;
const RETRY_MS = 1_000;

export interface DigestSource {
  head(): Promise<ConfigHead>;
  changesOf(revision: number): Promise<readonly ConfigChange[]>;
  feedSince(since: null): Promise<ConfigFeed>;
}

export class DigestHistory {
  private readonly digest = new ConfigDigest();
  private readonly byRevision = new Map<number, string>();
  private at: ConfigHead | null = null;
  private running: Promise<void> | null = null;
  private isBehind = false;
  private retry: NodeJS.Timeout | null = null;
  private stopped = false;

  constructor(
    private readonly source: DigestSource,
    private readonly logger: Pick<Logger, 'warn'>,
  ) {}

  /** Null: too old, of another epoch, or not computed yet. */
  digestAt({ epoch, revision }: ConfigHead): string | null {
    return this.at?.epoch === epoch ? (this.byRevision.get(revision) ?? null) : null;
  }

  /** Computes up to the head. Never rejects; what failed is tried again. */
  follow(): Promise<void> {
    this.isBehind = true;
    this.running ??= this.run().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.retry !== null) clearTimeout(this.retry);
    await this.running;
  }

  private async run(): Promise<void> {
    while (this.isBehind && !this.stopped) {
      this.isBehind = false;
      try {
        await this.catchUp();
      } catch (err) {
        this.failed(err);
        return;
      }
    }
  }

  private failed(err: unknown): void {
    if (this.stopped) return;
    this.logger.warn({ err }, 'the configuration’s digest could not be computed; retrying');
    this.at = null;
    this.retry = setTimeout(() => void this.follow(), RETRY_MS);
  }

  private async catchUp(): Promise<void> {
    const head = await this.source.head();
    const { at } = this;
    const steps = at?.epoch === head.epoch ? head.revision - at.revision : Infinity;
    if (at === null || steps < 0 || steps > MAX_STEPS) return this.computeAll();
    for (let revision = at.revision + 1; revision <= head.revision; revision += 1) {
      await this.add(await this.source.changesOf(revision));
      this.remember({ epoch: head.epoch, revision });
    }
  }

  private async computeAll(): Promise<void> {
    const { epoch, revision, changes } = await this.source.feedSince(null);
    this.at = null;
    this.byRevision.clear();
    this.digest.clear();
    await this.add(changes);
    this.remember({ epoch, revision });
  }

  private async add(changes: readonly ConfigChange[]): Promise<void> {
    const pacer = new EventLoopPacer();
    for (const { kind, id, value } of changes) {
      await pacer.pause();
      this.digest.set(kind, id, value);
    }
  }

  private remember(head: ConfigHead): void {
    this.at = head;
    this.byRevision.set(head.revision, this.digest.hex);
    this.byRevision.delete(head.revision - MAX_REVISIONS);
  }
}
