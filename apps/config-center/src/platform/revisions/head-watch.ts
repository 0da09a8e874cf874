/**
 * Knows the newest head and tells listeners when it moves, whoever moved it: this process (after its
 * commits), another config-center through Redis (a hint), or a poll of the database once a second,
 * which finds what hints lost.
 */
import type { ConfigHead } from '@ai-gateway/contracts';
import type { Logger } from '@ai-gateway/node-runtime';
import type { ChangeLog } from './change-log.js';

const POLL_MS = 1000;

export type HeadListener = (head: ConfigHead) => void;
/** Told of a head that was known although the database is behind it now. */
export type LossListener = (known: ConfigHead) => Promise<void>;

export class HeadWatch {
  private current: ConfigHead | null = null;
  private readonly listeners = new Set<HeadListener>();
  private timer: NodeJS.Timeout | null = null;
  private looking: Promise<void> | null = null;
  private failing = false;
  private onLoss: LossListener | null = null;

  constructor(
    private readonly log: ChangeLog,
    private readonly logger: Logger,
  ) {}

  /** The newest head known; null before the first look. */
  get head(): ConfigHead | null {
    return this.current;
  }

  async start(): Promise<void> {
    await this.look();
    this.timer = setInterval(() => void this.look(), POLL_MS);
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.listeners.clear();
  }

  /** Returns the function that unsubscribes. */
  onMove(listener: HeadListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A read that overtook a commit looks the same, so the listener must make sure. */
  whenBehind(listener: LossListener): void {
    this.onLoss = listener;
  }

  /** Commits may be announced out of order; an older head of the same epoch is ignored. */
  announce(head: ConfigHead): void {
    const before = this.current;
    if (before?.epoch === head.epoch && before.revision >= head.revision) return;
    this.current = head;
    for (const listener of this.listeners) listener(head);
  }

  /** Reads the head now; looks under way are shared. Never rejects. */
  look(): Promise<void> {
    this.looking ??= this.readHead().finally(() => {
      this.looking = null;
    });
    return this.looking;
  }

  private async readHead(): Promise<void> {
    try {
      const head = await this.log.head();
      const known = this.current;
      this.announce(head);
      if (known?.epoch === head.epoch && known.revision > head.revision) await this.onLoss?.(known);
      if (this.failing) this.logger.info('the database answers again');
      this.failing = false;
    } catch (err) {
      if (!this.failing) this.logger.warn({ err }, 'the database does not answer');
      this.failing = true;
    }
  }
}
