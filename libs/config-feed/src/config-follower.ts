/**
 * Keeps a `ConfigStore` at the newest revision. Wake-ups say "look now", the poll every second says
 * it anyway, and both only lead to one comparison of heads, so a lost, repeated or forged hint
 * costs nothing but time. One synchronisation runs at a time; hints that arrive meanwhile become
 * one more. Sources are asked in order of preference; one that failed is left alone for a while as
 * long as another answers. The snapshot on disk comes before any of them, because it also knows the
 * last good values of what the sources hold and this gateway refuses.
 */
import type { ConfigFeed, ConfigHead } from '@ai-gateway/contracts';
import type { Nack } from './config-resources.js';
import type { ConfigSource } from './config-source.port.js';
import type { ApplyOutcome, ConfigStore } from './config-store.js';
import type { KeptSnapshot } from './disk-snapshot.js';
import { HeadJudge } from './head-judge.js';
import { PinnedRevision, type PinStatus } from './pinned-revision.js';

/** Time and chance, so that tests decide both. */
export interface FollowerClock {
  nowMs(): number;
  /** Returns what cancels the timer. */
  schedule(run: () => void, delayMs: number): () => void;
  /** In [0, 1). */
  random(): number;
}

export interface AppliedEvent {
  head: ConfigHead;
  nacks: readonly Nack[];
  /** Which source it came from; `snapshot` for the one on disk. */
  source: string;
  /** Decode, validation and compile, milliseconds. */
  durationMs: number;
}

export interface ConfigFollowerOptions<Table> {
  store: ConfigStore<Table>;
  /** In order of preference; closed together with the follower. */
  sources: readonly ConfigSource[];
  /** Restored before any source is asked. Never rejects; null: there is none. */
  loadSnapshot?: () => Promise<KeptSnapshot | null>;
  /** Asked at every look: the revision to stay at, null to follow. Never rejects. */
  readPin?: () => Promise<number | null>;
  /** Once per change; null: follows again. */
  onPin?: (pin: PinStatus | null) => void;
  /** A source confirmed or delivered the newest configuration at this time, epoch ms. */
  onContact?: (atMs: number) => void;
  onApplied?: (event: AppliedEvent) => void;
  /** Once per change of state: `problem` is null when the source answers again. */
  onSourceState?: (source: string, problem: string | null) => void;
  pollMs?: number;
  clock?: FollowerClock;
}

export interface FollowerStatus {
  /** Null: never had a configuration, not ready. */
  applied: ConfigHead | null;
  /** The source that answered last; `snapshot` until one has; null while none does. */
  source: string | null;
  /** When a source last confirmed or delivered the configuration, epoch ms; also before a restart. */
  lastContactMs: number | null;
  /** Null: not pinned, follows. */
  pin: PinStatus | null;
  nacks: readonly Nack[];
  /** What is wrong now, per source. */
  problems: Readonly<Record<string, string>>;
}

export const systemClock: FollowerClock = {
  nowMs: () => Date.now(),
  schedule: (run, delayMs) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};

const POLL_MS = 1_000;
/** A flood of hints leads to at most 20 looks a second. */
const MIN_GAP_MS = 50;
/** Longest read of everything; sources have shorter timeouts per step. */
const READ_TIMEOUT_MS = 15_000;
const MAX_COOL_DOWN_MS = 5_000;
/** Where reading everything anew does not help, it is not done all the time. */
const RELOAD_GAP_MS = 15_000;
/** With a snapshot, a start waits this long for sources that may be up. */
const SNAPSHOT_GRACE_MS = 500;
const SNAPSHOT = 'snapshot';

interface FollowedSource {
  source: ConfigSource;
  problem: string | null;
  failures: number;
  retryAtMs: number;
}

export class ConfigFollower<Table> {
  private readonly clock: FollowerClock;
  private readonly sources: readonly FollowedSource[];
  private readonly closing = new AbortController();
  private readonly judge: HeadJudge;
  private readonly pin: PinnedRevision<Table>;
  private isPinned = false;
  /** What is applied is not what it should be. */
  private isDoubted = false;
  private lastReloadMs = Number.NEGATIVE_INFINITY;
  private answering: string | null = null;
  private lastContactMs: number | null = null;
  private running: Promise<void> | null = null;
  private wokenMeanwhile = false;
  private lastStartMs = Number.NEGATIVE_INFINITY;
  private planned: { dueMs: number; cancel: () => void } | null = null;

  constructor(private readonly options: ConfigFollowerOptions<Table>) {
    this.clock = options.clock ?? systemClock;
    this.judge = new HeadJudge(() => this.clock.nowMs());
    this.sources = options.sources.map((source) => ({
      source,
      problem: null,
      failures: 0,
      retryAtMs: 0,
    }));
    this.pin = new PinnedRevision({
      store: options.store,
      sources: options.sources,
      readPin: options.readPin ?? nothing,
      loadSnapshot: options.loadSnapshot ?? nothing,
      onChange: (status) => options.onPin?.(status),
      install: (source, change) => this.install(source, change),
      nowMs: () => this.clock.nowMs(),
    });
  }

  /**
   * Resolves after every source had its first chance, or soon when the snapshot serves: with
   * `applied` set, or null while nothing could be loaded yet. It goes on following until closed.
   */
  async start(): Promise<FollowerStatus> {
    const restored = await this.restore();
    for (const { source } of this.sources) source.subscribe(() => this.wake());
    const firstLook = this.run();
    await (restored ? Promise.race([firstLook, this.grace()]) : firstLook);
    return this.status();
  }

  /** Look soon; any number of calls lead to one look. */
  wake(): void {
    if (this.running !== null) this.wokenMeanwhile = true;
    else this.plan(Math.max(0, this.lastStartMs + MIN_GAP_MS - this.clock.nowMs()));
  }

  /**
   * Reads everything anew, whatever is applied, from the last source first: it is the nearest to the
   * truth, and what another delivered wrongly once, it may deliver again.
   */
  reload(): void {
    if (this.clock.nowMs() - this.lastReloadMs < RELOAD_GAP_MS) return;
    this.isDoubted = true;
    this.wake();
  }

  /** This head exists: looks soon unless it is applied already, past sources that do not know it. */
  expect(head: ConfigHead): void {
    const { applied } = this.options.store;
    if (applied?.epoch === head.epoch && applied.revision >= head.revision) return;
    this.judge.expect(head);
    this.wake();
  }

  status(): FollowerStatus {
    const failing = this.sources.filter(({ problem }) => problem !== null);
    return {
      applied: this.options.store.applied,
      source: this.answering,
      lastContactMs: this.lastContactMs,
      pin: this.pin.status,
      nacks: this.options.store.nacks,
      problems: Object.fromEntries(
        failing.map(({ source, problem }) => [source.name, problem ?? '']),
      ),
    };
  }

  async close(): Promise<void> {
    this.closing.abort(new Error('closing'));
    this.planned?.cancel();
    await Promise.all(this.sources.map(({ source }) => source.close()));
    await this.running;
  }

  private plan(delayMs: number): void {
    if (this.closing.signal.aborted) return;
    const dueMs = this.clock.nowMs() + delayMs;
    if (this.planned !== null && this.planned.dueMs <= dueMs) return;
    this.planned?.cancel();
    this.planned = { dueMs, cancel: this.clock.schedule(() => void this.run(), delayMs) };
  }

  private async run(): Promise<void> {
    if (this.running !== null || this.closing.signal.aborted) return;
    this.planned?.cancel();
    this.planned = null;
    this.lastStartMs = this.clock.nowMs();
    this.running = this.synchronise();
    await this.running;
    this.running = null;
    const jitteredMs = (this.options.pollMs ?? POLL_MS) * (0.9 + 0.2 * this.clock.random());
    this.plan(this.wokenMeanwhile ? MIN_GAP_MS : jitteredMs);
  }

  /** Never rejects: what goes wrong is the state of a source. */
  private async synchronise(): Promise<void> {
    this.wokenMeanwhile = false;
    this.isPinned = await this.pin.hold(this.closing.signal);
    const nowMs = this.clock.nowMs();
    const cooling = this.sources.filter(({ retryAtMs }) => retryAtMs > nowMs);
    const ready = this.sources.filter(({ retryAtMs }) => retryAtMs <= nowMs);
    for (const followed of [...(this.isDoubted ? ready.toReversed() : ready), ...cooling]) {
      if (this.closing.signal.aborted || (await this.follow(followed))) return;
    }
    if (this.answering !== SNAPSHOT) this.answering = null;
  }

  /** True when the source confirmed or delivered the configuration. */
  private async follow(followed: FollowedSource): Promise<boolean> {
    const { source } = followed;
    const timeout = new AbortController();
    const cancel = this.clock.schedule(
      () => timeout.abort(new Error('took too long')),
      READ_TIMEOUT_MS,
    );
    try {
      await this.catchUp(source, AbortSignal.any([timeout.signal, this.closing.signal]));
    } catch (error) {
      this.failed(followed, error instanceof Error ? error.message : String(error));
      return false;
    } finally {
      cancel();
    }
    this.answered(followed);
    return true;
  }

  private async catchUp(source: ConfigSource, signal: AbortSignal): Promise<void> {
    const { store } = this.options;
    const head = await source.head(signal);
    if (this.isPinned) return;
    const applied = store.applied;
    this.judge.check(head, source === this.sources.at(-1)?.source);
    if (this.isDoubted) return this.readAnew(source, signal);
    if (applied?.epoch === head.epoch) {
      if (applied.revision === head.revision) return;
      if (applied.revision > head.revision) {
        throw new Error(`stands at revision ${head.revision}, behind ${applied.revision}`);
      }
    }
    this.judge.checkRejected(head);
    const feed = await source.changesSince(applied, signal);
    const outcome = await this.apply(feed, applied, source.name);
    if (outcome.status !== 'gap') return;
    await this.apply(await source.changesSince(null, signal), null, source.name);
  }

  private async readAnew(source: ConfigSource, signal: AbortSignal): Promise<void> {
    const { store } = this.options;
    const { epoch, revision, changes: entries } = await source.changesSince(null, signal);
    const applied = store.applied;
    if (applied?.epoch === epoch && applied.revision > revision) {
      throw new Error(`stands at revision ${revision}, behind ${applied.revision}`);
    }
    const outcome = await this.install(source.name, () =>
      store.restore({ epoch, revision, entries }),
    );
    this.isDoubted = false;
    this.lastReloadMs = this.clock.nowMs();
    if (outcome.status === 'rejected') throw new Error(outcome.reason);
  }

  private async restore(): Promise<boolean> {
    const { loadSnapshot, store } = this.options;
    const kept = (await loadSnapshot?.()) ?? null;
    if (kept === null) return false;
    const outcome = await this.install(SNAPSHOT, () => store.restore(kept.snapshot));
    if (outcome.status === 'rejected') this.options.onSourceState?.(SNAPSHOT, outcome.reason);
    if (outcome.status !== 'applied') return false;
    this.answering = SNAPSHOT;
    this.lastContactMs = kept.confirmedMs;
    return true;
  }

  private grace(): Promise<void> {
    return new Promise((resolve) => this.clock.schedule(resolve, SNAPSHOT_GRACE_MS));
  }

  private async apply(
    feed: ConfigFeed,
    since: ConfigHead | null,
    source: string,
  ): Promise<ApplyOutcome> {
    const outcome = await this.install(source, () => this.options.store.apply(feed, since));
    if (outcome.status !== 'rejected') return outcome;
    const reason = `revision ${feed.revision} was rejected: ${outcome.reason}`;
    this.judge.reject(feed, reason);
    throw new Error(reason);
  }

  /** Changes the store and tells of it. */
  private async install(
    source: string,
    change: () => Promise<ApplyOutcome>,
  ): Promise<ApplyOutcome> {
    const before = this.options.store.applied;
    const startMs = this.clock.nowMs();
    const outcome = await change();
    if (outcome.status !== 'applied') return outcome;
    const nowMs = this.clock.nowMs();
    this.judge.applied(before, outcome.head);
    this.options.onApplied?.({ ...outcome, source, durationMs: nowMs - startMs });
    return outcome;
  }

  private answered(followed: FollowedSource): void {
    const recovered = followed.problem !== null;
    Object.assign(followed, { problem: null, failures: 0, retryAtMs: 0 });
    if (!this.isPinned) this.judge.confirmed();
    this.lastContactMs = this.clock.nowMs();
    this.answering = followed.source.name;
    this.options.onContact?.(this.lastContactMs);
    if (recovered) this.options.onSourceState?.(followed.source.name, null);
  }

  private failed(followed: FollowedSource, problem: string): void {
    if (this.closing.signal.aborted) return;
    const first = followed.problem === null;
    const coolDownMs = Math.min(MAX_COOL_DOWN_MS, 500 * 2 ** followed.failures);
    followed.failures += 1;
    followed.problem = problem;
    followed.retryAtMs = this.clock.nowMs() + coolDownMs * (0.5 + this.clock.random() / 2);
    if (first) this.options.onSourceState?.(followed.source.name, problem);
  }
}

const nothing = (): Promise<null> => Promise.resolve(null);
