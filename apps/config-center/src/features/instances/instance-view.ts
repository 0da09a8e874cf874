/** A row of the matrix: what an instance reported, beside where the configuration stands. */
import type { ConfigHead, Heartbeat, Instance } from '@ai-gateway/contracts';
import { rivalsOf, stateOf, type InstanceRecord } from './instance-record.js';

export interface Standpoint {
  readonly nowMs: number;
  readonly head: ConfigHead | null;
  /** What the digest should be; null: not known. */
  digestAt(head: ConfigHead): string | null;
  readonly current: readonly InstanceRecord[];
  /** When each revision was made, as far as known. */
  readonly madeAtMs: ReadonlyMap<number, number>;
}

export function viewOf(record: InstanceRecord, standpoint: Standpoint): Instance {
  const { report, lastSeenMs } = record;
  return {
    ...report,
    state: stateOf(record, standpoint.nowMs),
    last_seen_at: new Date(lastSeenMs).toISOString(),
    lag_revisions: lagOf(report, standpoint.head),
    lag_ms: lagMsOf(report, standpoint),
    digest_matches: digestMatches(report, (head) => standpoint.digestAt(head)),
    id_conflict: rivalsOf(record, standpoint.current, standpoint.nowMs).length > 0,
  };
}

export const headOf = ({ epoch, revision }: Heartbeat): ConfigHead | null =>
  epoch === null || revision === null ? null : { epoch, revision };

/** Revisions behind the head; all of them in another epoch. */
export function lagOf(report: Heartbeat, head: ConfigHead | null): number | null {
  if (head === null) return null;
  const applied = headOf(report);
  if (applied?.epoch !== head.epoch) return head.revision;
  return Math.max(0, head.revision - applied.revision);
}

/** The first revision an instance lacks; null when it lacks none or runs another epoch. */
export function firstLacking(report: Heartbeat, head: ConfigHead | null): number | null {
  const applied = headOf(report);
  if (head === null || applied?.epoch !== head.epoch) return null;
  return applied.revision < head.revision ? applied.revision + 1 : null;
}

export function digestMatches(
  report: Heartbeat,
  digestAt: (head: ConfigHead) => string | null,
): boolean | null {
  const applied = headOf(report);
  if (applied === null || report.digest === null) return null;
  const expected = digestAt(applied);
  return expected === null ? null : expected === report.digest;
}

function lagMsOf(report: Heartbeat, { head, madeAtMs, nowMs }: Standpoint): number | null {
  if (lagOf(report, head) === 0) return 0;
  const lacking = firstLacking(report, head);
  const madeMs = lacking === null ? undefined : madeAtMs.get(lacking);
  return madeMs === undefined ? null : Math.max(0, nowMs - madeMs);
}
