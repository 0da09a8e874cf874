/**
 * Ends a child process when we end in whatever way, also by SIGKILL: a guard shell holds the read
 * end of a pipe that closes with us, then ends the child by its pid and removes its folder. Exit
 * handlers alone would not run on a crash, and Node can't ask for a parent-death signal.
 */
import { spawn } from 'node:child_process';
import { Socket } from 'node:net';

export interface Guarded {
  readonly pid: number;
  /** Removed with the process. */
  readonly dir?: string;
  /** Set when the process is a Docker client: its container is removed as well. */
  readonly container?: string;
}

const SCRIPT = `cat >/dev/null
if [ -n "$3" ]; then docker rm -f "$3"; fi
kill -9 "$1"
if [ -n "$2" ]; then rm -rf "$2"; fi`;

/** Returns the release: call it when the child has ended, since its pid may be given to another. */
export function guardProcess({ pid, dir = '', container = '' }: Guarded): () => void {
  const guard = spawn('sh', ['-c', SCRIPT, 'guard', String(pid), dir, container], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  if (guard.stdin instanceof Socket) guard.stdin.unref();
  return () => guard.kill('SIGKILL');
}
