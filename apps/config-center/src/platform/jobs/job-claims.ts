/**
 * Who runs a job next: the process that moves the job's row on from the state it has read. Times are
 * those of the processes, so their clocks must agree within a fraction of the shortest period.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { EntityManager } from 'typeorm';
import type { Database } from '../database/database.js';
import { JobRunEntity } from './job-run.entity.js';

export interface JobTimes {
  everyMs: number;
  /** When a failed run is tried again; at most `everyMs`. */
  retryMs: number;
  /** After this, a run without end is taken to have died with its process. */
  maxRunMs: number;
}

export interface Claim {
  name: string;
  run_no: number;
}

const MAX_ERROR_CHARS = 1000;

export class JobClaims {
  private readonly owner =
    `${hostname().slice(0, 40)}:${process.pid}:${randomBytes(4).toString('hex')}`.slice(0, 64);

  constructor(
    private readonly database: Database,
    private readonly clock: () => Date,
  ) {}

  /** Null: not due, or somebody else has it. Rejects when the database is away. */
  async claim(name: string, times: JobTimes): Promise<Claim | null> {
    const last = await this.database.manager.findOneBy(JobRunEntity, { name });
    if (last !== null && !isDue(last, times, this.clock().getTime())) return null;
    return this.database.transaction(async (manager) => {
      if (last === null) await this.insertFirst(manager, name);
      const run_no = last?.run_no ?? 0;
      const run = { run_no: run_no + 1, started_at: this.clock(), owner: this.owner };
      const values = { ...run, finished_at: null, error: null };
      const { affected } = await manager.update(JobRunEntity, { name, run_no }, values);
      return affected === 1 ? { name, run_no: run_no + 1 } : null;
    });
  }

  /** Does nothing when another process has taken the run for lost. */
  async finish({ name, run_no }: Claim, error: string | null): Promise<void> {
    const values = { finished_at: this.clock(), error: error?.slice(0, MAX_ERROR_CHARS) ?? null };
    await this.database.transaction((manager) =>
      manager.update(JobRunEntity, { name, run_no }, values),
    );
  }

  private async insertFirst(manager: EntityManager, name: string): Promise<void> {
    const never = new Date(0);
    await manager
      .createQueryBuilder()
      .insert()
      .into(JobRunEntity)
      .values({ name, run_no: 0, started_at: never, finished_at: never, owner: '', error: null })
      .orIgnore()
      .execute();
  }
}

function isDue(
  { started_at, finished_at, error }: JobRunEntity,
  { everyMs, retryMs, maxRunMs }: JobTimes,
  nowMs: number,
): boolean {
  const ageMs = nowMs - started_at.getTime();
  if (finished_at === null) return ageMs >= maxRunMs;
  return ageMs >= (error === null ? everyMs : retryMs);
}
