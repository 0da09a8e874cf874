/**
 * CPU time of another process from the kernel's books, all threads included. Rejected: asking the
 * process itself, which would need a control channel in the product.
 * Source: proc_pid_stat(5), fields 14 (utime) and 15 (stime), in ticks of 1/100 s.
 */
import { readFileSync } from 'node:fs';

const TICK_US = 10_000;
const UTIME_AFTER_NAME = 11;

/** Microseconds of user and system time so far. Needs Linux. */
export function cpuTimeUs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name may hold spaces and parentheses; the fields begin after its last parenthesis.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[UTIME_AFTER_NAME]) + Number(fields[UTIME_AFTER_NAME + 1]);
  return ticks * TICK_US;
}
