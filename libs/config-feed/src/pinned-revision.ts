/**
 * Holds the store at the revision an operator pinned. The content comes from a source that keeps
 * history, else from the snapshot on disk; until one has it, the gateway stays at what it runs.
 */
import type { ConfigFeed } from '@ai-gateway/contracts';
import type { ConfigSource } from './config-source.port.js';
import type { ApplyOutcome, ConfigStore } from './config-store.js';
import type { KeptSnapshot } from './disk-snapshot.js';

export interface PinStatus {
  revision: number;
  /** Why another revision runs; null: the pinned one does. */
  problem: string | null;
}

export interface PinnedRevisionOptions<Table> {
  store: ConfigStore<Table>;
  /** The revision to stay at; null: none. */
  readPin: () => Promise<number | null>;
  loadSnapshot: () => Promise<KeptSnapshot | null>;
  sources: readonly ConfigSource[];
  /** Runs what changes the store, so that it is told like any other change. */
  install: (source: string, change: () => Promise<ApplyOutcome>) => Promise<ApplyOutcome>;
  /** Once per change; null: not pinned any more. */
  onChange: (status: PinStatus | null) => void;
  nowMs: () => number;
}

/** A revision nobody has may still be imported or become reachable. */
const RETRY_MS = 5_000;
const READ_TIMEOUT_MS = 15_000;

export class PinnedRevision<Table> {
  private current: PinStatus | null = null;
  private retryAtMs = 0;
  /** The file does not change by itself, so it is asked once per pin. */
  private asksSnapshot = false;

  constructor(private readonly options: PinnedRevisionOptions<Table>) {}

  get status(): PinStatus | null {
    return this.current;
  }

  /** True while pinned: then nothing is to be followed. Never rejects. */
  async hold(signal: AbortSignal): Promise<boolean> {
    const { store, readPin, nowMs } = this.options;
    const revision = await readPin();
    if (revision !== (this.current?.revision ?? null)) {
      this.retryAtMs = 0;
      this.asksSnapshot = true;
    }
    if (revision === null) this.settle(null);
    else if (store.applied?.revision === revision) this.settle({ revision, problem: null });
    else if (nowMs() >= this.retryAtMs) {
      const problem = await this.reach(revision, signal);
      this.retryAtMs = nowMs() + RETRY_MS;
      this.settle({ revision, problem });
    }
    return revision !== null;
  }

  private settle(status: PinStatus | null): void {
    const before = this.current;
    this.current = status;
    const same = before?.revision === status?.revision && before?.problem === status?.problem;
    if (!same) this.options.onChange(status);
  }

  /** Null when the revision runs now, else why it does not. */
  private async reach(revision: number, signal: AbortSignal): Promise<string | null> {
    const problems: string[] = [];
    for (const source of this.options.sources) {
      const problem = await this.reachThrough(source, revision, signal).catch(messageOf);
      if (problem === null) return null;
      problems.push(`${source.name}: ${problem}`);
    }
    if (await this.restore(revision)) return null;
    return [...problems, 'snapshot: does not have this revision'].join('; ');
  }

  private async restore(revision: number): Promise<boolean> {
    if (!this.asksSnapshot) return false;
    this.asksSnapshot = false;
    const { install, loadSnapshot, store } = this.options;
    const kept = await loadSnapshot();
    if (kept?.snapshot.revision !== revision) return false;
    const outcome = await install('snapshot', () => store.restore(kept.snapshot));
    return outcome.status === 'applied';
  }

  private async reachThrough(
    source: ConfigSource,
    revision: number,
    signal: AbortSignal,
  ): Promise<string | null> {
    if (source.contentAt === undefined) return 'keeps no history';
    const limit = AbortSignal.any([signal, AbortSignal.timeout(READ_TIMEOUT_MS)]);
    const feed: ConfigFeed | null = await source.contentAt(revision, limit);
    if (feed === null) return 'does not have this revision';
    const { install, store } = this.options;
    const { epoch, changes: entries } = feed;
    return problemOf(
      await install(source.name, () => store.restore({ epoch, revision: feed.revision, entries })),
    );
  }
}

function problemOf(outcome: ApplyOutcome): string | null {
  if (outcome.status === 'applied') return null;
  return outcome.status === 'rejected' ? `rejected: ${outcome.reason}` : outcome.status;
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
