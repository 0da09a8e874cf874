/**
 * Keeps the proxy under test on a core of its own, everything else on the others, so that the load
 * generator does not take from the proxy what it measures. Without `taskset` or a second core the
 * bench still runs; its requests per second then say little.
 */
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type CoreRole = 'proxy' | 'rest';

export class Cores {
  private constructor(readonly arePinned: boolean) {}

  static async probe(): Promise<Cores> {
    if (availableParallelism() < 2) return new Cores(false);
    const works = await run('taskset', ['-cp', String(process.pid)]).then(
      () => true,
      () => false,
    );
    return new Cores(works);
  }

  /** Pins all threads the process has; later ones inherit it. */
  async pin(pid: number, role: CoreRole): Promise<void> {
    if (!this.arePinned) return;
    const last = availableParallelism() - 1;
    const cores = role === 'proxy' ? String(last) : `0-${last - 1}`;
    await run('taskset', ['-a', '-c', '-p', cores, String(pid)]);
  }
}
