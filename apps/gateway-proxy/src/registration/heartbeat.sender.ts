/**
 * Tells the control plane how this gateway is: every 2 s, at once after news, and a last time when
 * it stops. One heartbeat is under way at a time, news that comes meanwhile becomes the next one,
 * and nothing else ever waits for any of them. What the control plane answers about the fleet is
 * kept while it is away.
 */
import type { Heartbeat, HeartbeatAnswer } from '@ai-gateway/contracts';
import type { Logger } from '@ai-gateway/node-runtime';

export interface HeartbeatSenderOptions {
  report: (state: Heartbeat['state']) => Promise<Heartbeat>;
  /** Rejects when there is no answer in time. */
  post: (heartbeat: Heartbeat) => Promise<HeartbeatAnswer>;
  /** The configuration has moved on, as far as the control plane knows. */
  onHead: (head: NonNullable<HeartbeatAnswer['head']>) => void;
  /** What this gateway holds is not what its revision says. */
  onReload: () => void;
  onFailure: () => void;
  logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** In [0, 1). */
  random?: () => number;
}

const PERIOD_MS = 2_000;

export class HeartbeatSender {
  private timer: NodeJS.Timeout | null = null;
  private sending: Promise<void> | null = null;
  private hasNews = false;
  private state: Heartbeat['state'] = 'live';
  private isRunning = false;
  private isFailing = false;
  private isInConflict = false;
  private knownLive = 1;

  constructor(private readonly options: HeartbeatSenderOptions) {}

  /** As last told, at least 1. */
  get liveInstances(): number {
    return this.knownLive;
  }

  start(): void {
    this.isRunning = true;
    this.soon();
  }

  /**
   * There is news: send as soon as no other heartbeat is under way. Returns at once; before the
   * start and after the end nothing happens.
   */
  soon(): void {
    if (!this.isRunning) return;
    if (this.sending !== null) this.hasNews = true;
    else this.plan(0);
  }

  /** From now on it is told that this gateway is about to end. */
  beginStopping(): void {
    this.state = 'stopping';
    this.soon();
  }

  /** Sends the last one; resolves when it was answered or failed. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    this.isRunning = false;
    this.state = 'stopping';
    if (this.timer !== null) clearTimeout(this.timer);
    await this.sending;
    await this.send();
  }

  private plan(delayMs: number): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.beat(), delayMs);
  }

  private async beat(): Promise<void> {
    if (this.sending !== null || !this.isRunning) return;
    this.hasNews = false;
    this.sending = this.send();
    await this.sending;
    this.sending = null;
    this.planNext();
  }

  private planNext(): void {
    if (!this.isRunning) return;
    const random = this.options.random ?? Math.random;
    this.plan(this.hasNews ? 0 : PERIOD_MS * (0.9 + 0.2 * random()));
  }

  /** Never rejects. */
  private async send(): Promise<void> {
    try {
      this.take(await this.options.post(await this.options.report(this.state)));
      if (this.isFailing) this.options.logger.info('config-center takes heartbeats again');
      this.isFailing = false;
    } catch (err) {
      this.options.onFailure();
      const text = 'config-center takes no heartbeat; traffic goes on';
      if (!this.isFailing) this.options.logger.warn({ err }, text);
      this.isFailing = true;
    }
  }

  private take(answer: HeartbeatAnswer): void {
    this.knownLive = Math.max(1, answer.live_instances);
    this.tellConflict(answer.id_conflict);
    if (answer.head !== null) this.options.onHead(answer.head);
    if (answer.reload) this.options.onReload();
  }

  private tellConflict(isInConflict: boolean): void {
    if (isInConflict && !this.isInConflict) {
      const text = 'another live gateway has the same GATEWAY_INSTANCE_ID; give each its own';
      this.options.logger.error({}, text);
    }
    this.isInConflict = isInConflict;
  }
}
