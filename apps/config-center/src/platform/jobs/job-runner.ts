/**
 * Runs periodic jobs within this process. Each looks now and then whether it is due and claims its
 * run in the database, so that of several config-centers one runs it; a run never overlaps itself.
 * A database that is away only delays. Rejected: BullMQ, which needs Redis, while backups must also
 * be made without it; it carries what comes in numbers.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '@ai-gateway/node-runtime';
import type { Database } from '../database/database.js';
import { JobClaims, type JobTimes } from './job-claims.js';

export interface Job {
  /** At most 64 characters; shared by all processes. */
  name: string;
  everyMs: number;
  /** A run is told to end after this. */
  maxRunMs: number;
  run: (signal: AbortSignal) => Promise<void>;
}

export interface JobRunnerDeps {
  database: Database;
  logger: Logger;
  clock?: () => Date;
}

const MAX_LOOK_MS = 60_000;
const FIRST_LOOK_MS = 5_000;
const RETRY_MS = 600_000;
const STOP_MS = 3_000;

export class JobRunner {
  private readonly claims: JobClaims;
  private readonly jobs: Job[] = [];
  private readonly timers = new Map<Job, NodeJS.Timeout>();
  private readonly running = new Map<Job, Promise<boolean>>();
  private readonly failing = new Set<string>();
  private readonly stopping = new AbortController();

  constructor(private readonly deps: JobRunnerDeps) {
    this.claims = new JobClaims(deps.database, deps.clock ?? (() => new Date()));
  }

  /** Before `start`. */
  register(job: Job): void {
    this.jobs.push(job);
  }

  start(): void {
    for (const job of this.jobs) this.lookLater(job, FIRST_LOOK_MS);
  }

  /** Tells running jobs to end and gives them a moment. */
  async stop(): Promise<void> {
    this.stopping.abort();
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    await Promise.race([Promise.all(this.running.values()), pause(STOP_MS, null, { ref: false })]);
  }

  /** Runs the job if it is due and nobody else has claimed it; true when it ran. Never rejects. */
  async look(job: Job): Promise<boolean> {
    if (this.stopping.signal.aborted || this.running.has(job)) return false;
    const run = this.claimAndRun(job);
    this.running.set(job, run);
    try {
      return await run;
    } finally {
      this.running.delete(job);
    }
  }

  /** Jittered, so that processes that started together do not look together for ever. */
  private lookLater(job: Job, ms: number): void {
    const timer = setTimeout(
      () => {
        void this.look(job).then(() => {
          if (this.stopping.signal.aborted) return;
          this.lookLater(job, Math.min(job.everyMs, MAX_LOOK_MS));
        });
      },
      ms * (0.8 + 0.4 * Math.random()),
    );
    this.timers.set(job, timer);
  }

  private async claimAndRun(job: Job): Promise<boolean> {
    try {
      const claim = await this.claims.claim(job.name, timesOf(job));
      if (claim === null) return false;
      const error = await this.run(job);
      await this.claims.finish(claim, error);
      return true;
    } catch (err) {
      this.report(`${job.name}: claim`, err, 'a job cannot be claimed');
      return false;
    }
  }

  /** What it failed with, null when it did not. */
  private async run(job: Job): Promise<string | null> {
    const timeout = AbortSignal.timeout(job.maxRunMs);
    try {
      await job.run(AbortSignal.any([this.stopping.signal, timeout]));
      if (this.failing.delete(job.name)) this.deps.logger.info({ job: job.name }, 'job runs again');
      this.failing.delete(`${job.name}: claim`);
      return null;
    } catch (err) {
      this.report(job.name, err, 'job failed');
      return err instanceof Error ? err.message : String(err);
    }
  }

  /** Once per change of state. */
  private report(what: string, err: unknown, message: string): void {
    if (this.failing.has(what)) return;
    this.failing.add(what);
    this.deps.logger.warn({ err, job: what }, message);
  }
}

const timesOf = ({ everyMs, maxRunMs }: Job): JobTimes => ({
  everyMs,
  maxRunMs,
  retryMs: Math.min(everyMs, RETRY_MS),
});
