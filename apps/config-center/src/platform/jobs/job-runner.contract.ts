/** Periodic jobs of several processes that share a database; run on every database. */
import { createLogger } from '@ai-gateway/node-runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../database/database.js';
import { JobRunner, type Job } from './job-runner.js';

const MINUTE_MS = 60_000;

export function describeJobs(store: string, open: () => Promise<Database>): void {
  describe(`jobs on ${store}`, () => {
    let database: Database;
    let nowMs: number;
    let serial = 0;
    const runners: JobRunner[] = [];
    beforeEach(async () => {
      database = await open();
      nowMs = Date.UTC(2026, 0, 1);
    });
    afterEach(async () => {
      await Promise.all(runners.splice(0).map((runner) => runner.stop()));
      await database.close();
    });

    const logger = createLogger({ name: 'test', level: 'error' });
    const newRunner = (on = database): JobRunner => {
      const runner = new JobRunner({ database: on, logger, clock: () => new Date(nowMs) });
      runners.push(runner);
      return runner;
    };
    const newJob = (run: Job['run'] = () => Promise.resolve()): Job => ({
      name: `job-${(serial += 1)}`,
      everyMs: 60 * MINUTE_MS,
      maxRunMs: 30 * MINUTE_MS,
      run,
    });

    it('run once per period, whichever process looks first', async () => {
      const job = newJob();
      const [first, second] = [newRunner(), newRunner()];
      const looked = await Promise.all([first.look({ ...job }), second.look({ ...job })]);
      expect(looked.sort()).toEqual([false, true]);
      nowMs += 59 * MINUTE_MS;
      expect(await first.look(job)).toBe(false);
      nowMs += MINUTE_MS;
      expect(await second.look(job)).toBe(true);
      expect(await first.look(job)).toBe(false);
    });

    it('do not overlap themselves', async () => {
      const gate = Promise.withResolvers<undefined>();
      const runner = newRunner();
      const job = newJob(() => gate.promise);
      const run = runner.look(job);
      expect(await runner.look(job)).toBe(false);
      gate.resolve(undefined);
      expect(await run).toBe(true);
    });

    it('are tried again soon after a failure', async () => {
      let isBroken = true;
      const job = newJob(() =>
        isBroken ? Promise.reject(new Error('disk full')) : Promise.resolve(),
      );
      const runner = newRunner();
      expect(await runner.look(job)).toBe(true);
      const [row] = await database.manager.query<{ error: string }[]>(
        `SELECT error FROM job_runs WHERE name = '${job.name}'`,
      );
      expect(row?.error).toBe('disk full');
      isBroken = false;
      nowMs += 5 * MINUTE_MS;
      expect(await runner.look(job)).toBe(false);
      nowMs += 5 * MINUTE_MS;
      expect(await runner.look(job)).toBe(true);
      nowMs += 10 * MINUTE_MS;
      expect(await runner.look(job)).toBe(false);
    });

    it('are taken over from a process that died', async () => {
      const job = newJob(() => new Promise(() => undefined));
      void newRunner().look(job);
      const other = newRunner();
      const again = { ...job, run: () => Promise.resolve() };
      await expect
        .poll(() => database.manager.query(`SELECT name FROM job_runs WHERE run_no = 1`))
        .toHaveLength(1);
      nowMs += 29 * MINUTE_MS;
      expect(await other.look(again)).toBe(false);
      nowMs += MINUTE_MS;
      expect(await other.look(again)).toBe(true);
    });

    it('are told to end when the process stops', async () => {
      const runner = newRunner();
      const started = Promise.withResolvers<undefined>();
      const job = newJob(
        (signal) =>
          new Promise((resolve) => {
            started.resolve(undefined);
            signal.addEventListener('abort', () => resolve());
          }),
      );
      const run = runner.look(job);
      await started.promise;
      await runner.stop();
      expect(await run).toBe(true);
      expect(await runner.look(job)).toBe(false);
    });

    it('only wait while the database is away', async () => {
      const away = await open();
      const runner = newRunner(away);
      await away.close();
      expect(await runner.look(newJob())).toBe(false);
    });
  });
}
