/**
 * Counts off the event loop: a few threads, a bounded queue, a time budget per count.
 *
 * A thread has one large count at a time and a number of small ones beside it, which it answers in
 * the pauses of the large one: a long prompt never delays a short one by more than a slice. What
 * waits, waits here, where it can be given up: a count whose budget is over before its turn comes is
 * never sent. A thread keeps to the rest of the budget by itself and answers an estimate; should it
 * overstay all the same, the caller is answered without it.
 *
 * Rejected: a thread per count (a vocabulary is a tenth of a second to load); small counts on the
 * event loop (the vocabularies would have to be loaded there as well).
 */
import { availableParallelism } from 'node:os';
import type { CalculateRequest, CalculateResponse } from '@ai-gateway/contracts';
import type { ModelRule } from '../model-rules.js';
import type { FromThread, ToThread } from './pool.messages.js';
import { PoolThread } from './pool-thread.js';

/**
 * `counted` may still be an estimate, as the answer says. The others have no number: the budget was
 * over, the queue full, or the count failed (a vocabulary that cannot be read, a thread that died).
 */
export type PoolOutcome =
  | { status: 'counted'; answer: CalculateResponse }
  | { status: 'over_budget' }
  | { status: 'overloaded' }
  | { status: 'failed'; reason: string };

export interface TokenPoolOptions {
  /** Default: one less than there are processors, from 1 to 4. */
  threads?: number;
  /** Counts that wait for a thread; more are refused. */
  maxQueued?: number;
  /** Characters that wait for a thread, in UTF-16 units. */
  maxQueuedUnits?: number;
  onThreadGone?: (error: Error) => void;
  /** The thread's program, for tests of threads that misbehave. */
  entry?: URL;
}

export interface PoolJob {
  body: CalculateRequest;
  rule: ModelRule;
  /** From now on, waiting included; milliseconds. */
  budgetMs: number;
  /** Size of the body, about, in UTF-16 units. */
  units: number;
}

interface Waiting {
  job: PoolJob;
  endMs: number;
  timer: NodeJS.Timeout;
  settle: (outcome: PoolOutcome) => void;
}

const MAX_QUEUED = 64;
const MAX_QUEUED_UNITS = 32 * 1_048_576;
/** What a thread gets beyond its budget to end its slice and estimate. */
const GRACE_MS = 20;
/** A thread that is that late does not come back. */
const STUCK_MS = 30_000;
const RESTART_MS = 100;

/** Above this a count is large: more than a few milliseconds. */
const SMALL_UNITS = 32_768;
/** Small counts a thread has at a time. */
const SMALL_PER_THREAD = 32;

export class TokenPool {
  private readonly threads = new Set<PoolThread>();
  private readonly small: Waiting[] = [];
  private readonly large: Waiting[] = [];
  private queuedUnits = 0;
  private lastId = 0;
  private closed = false;
  private readonly loads = new Set<string>();

  constructor(private readonly options: TokenPoolOptions = {}) {
    const spare = Math.min(4, Math.max(1, availableParallelism() - 1));
    for (let count = options.threads ?? spare; count > 0; count -= 1) this.startThread();
  }

  /** Counts that wait for a thread. */
  get queued(): number {
    return this.small.length + this.large.length;
  }

  /** Never rejects. Resolves soon after the budget at the latest. */
  count(job: PoolJob): Promise<PoolOutcome> {
    if (this.closed || (this.threadFor(job) === undefined && !this.hasRoomFor(job))) {
      return Promise.resolve({ status: 'overloaded' });
    }
    return new Promise((resolve) => {
      const waiting: Waiting = {
        job,
        endMs: performance.now() + job.budgetMs,
        timer: setTimeout(() => this.giveUp(waiting), job.budgetMs + GRACE_MS),
        settle: (outcome) => {
          clearTimeout(waiting.timer);
          resolve(outcome);
        },
      };
      this.queueOf(job).push(waiting);
      this.queuedUnits += job.units;
      this.dispatch();
    });
  }

  /**
   * Has every thread load these vocabularies, so that the first counts need not wait for it.
   * @returns reasons by the names of those that cannot be loaded
   */
  async load(encodings: readonly string[]): Promise<Record<string, string>> {
    for (const name of encodings) this.loads.add(name);
    const answers = await Promise.all([...this.threads].map((thread) => this.loadIn(thread)));
    return Object.assign({}, ...answers) as Record<string, string>;
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const queue of [this.small, this.large]) {
      for (const waiting of queue.splice(0)) waiting.settle({ status: 'overloaded' });
    }
    await Promise.all([...this.threads].map((thread) => thread.end()));
  }

  private startThread(): void {
    const thread = new PoolThread((gone, error) => this.onGone(gone, error), this.options.entry);
    this.threads.add(thread);
    if (this.loads.size > 0) void this.loadIn(thread);
  }

  private onGone(thread: PoolThread, error: Error): void {
    this.threads.delete(thread);
    if (this.closed) return;
    this.options.onThreadGone?.(error);
    setTimeout(() => {
      if (this.closed) return;
      this.startThread();
      this.dispatch();
    }, RESTART_MS).unref();
  }

  private async loadIn(thread: PoolThread): Promise<Record<string, string>> {
    const id = (this.lastId += 1);
    const answer = await asked(thread, { kind: 'load', id, encodings: [...this.loads] });
    return 'failed' in answer ? answer.failed : {};
  }

  private queueOf({ units }: PoolJob): Waiting[] {
    return units <= SMALL_UNITS ? this.small : this.large;
  }

  private hasRoomFor({ units }: PoolJob): boolean {
    const { maxQueued = MAX_QUEUED, maxQueuedUnits = MAX_QUEUED_UNITS } = this.options;
    return this.queued < maxQueued && this.queuedUnits + units <= maxQueuedUnits;
  }

  /** The one that has least to do of those that may take it; undefined: none may. */
  private threadFor({ units }: PoolJob): PoolThread | undefined {
    const isSmall = units <= SMALL_UNITS;
    let best: PoolThread | undefined;
    for (const thread of this.threads) {
      if (isSmall ? thread.load >= SMALL_PER_THREAD : thread.large > 0) continue;
      if (thread.load < (best?.load ?? Infinity)) best = thread;
    }
    return best;
  }

  private dispatch(): void {
    for (const queue of [this.small, this.large]) {
      for (let next = queue[0]; next !== undefined; next = queue[0]) {
        const thread = this.threadFor(next.job);
        if (thread === undefined) break;
        queue.shift();
        this.queuedUnits -= next.job.units;
        const budgetMs = next.endMs - performance.now();
        if (budgetMs <= 0) next.settle({ status: 'over_budget' });
        else void this.run(thread, next, budgetMs);
      }
    }
  }

  private async run(thread: PoolThread, waiting: Waiting, budgetMs: number): Promise<void> {
    const id = (this.lastId += 1);
    const stuck = setTimeout(() => void thread.end(), waiting.job.budgetMs + STUCK_MS).unref();
    const { body, rule, units } = waiting.job;
    const isLarge = units > SMALL_UNITS;
    if (isLarge) thread.large += 1;
    const answer = await asked(thread, { kind: 'count', id, body, rule, budgetMs });
    if (isLarge) thread.large -= 1;
    clearTimeout(stuck);
    if ('answer' in answer) waiting.settle({ status: 'counted', answer: answer.answer });
    else waiting.settle({ status: 'failed', reason: 'error' in answer ? answer.error : '' });
    this.dispatch();
  }

  private giveUp(waiting: Waiting): void {
    const queue = this.queueOf(waiting.job);
    const place = queue.indexOf(waiting);
    if (place >= 0) {
      queue.splice(place, 1);
      this.queuedUnits -= waiting.job.units;
    }
    waiting.settle({ status: 'over_budget' });
  }
}

/** What cannot be sent to a thread fails like what a thread cannot count. */
async function asked(thread: PoolThread, message: ToThread): Promise<FromThread> {
  try {
    return await thread.ask(message);
  } catch (error) {
    return { id: message.id, error: error instanceof Error ? error.message : String(error) };
  }
}
