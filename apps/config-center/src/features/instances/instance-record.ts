/** What is known of one gateway process, and what follows from the time it was heard of last. */
import type { Heartbeat, InstanceState } from '@ai-gateway/contracts';

/** Seven heartbeats. */
export const GONE_AFTER_MS = 15_000;

export interface InstanceRecord {
  readonly report: Heartbeat;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

export const keyOf = ({ instance_id, process_id }: Heartbeat): string =>
  `${process_id} ${instance_id}`;

export function stateOf({ report, lastSeenMs }: InstanceRecord, nowMs: number): InstanceState {
  return nowMs - lastSeenMs > GONE_AFTER_MS ? 'gone' : report.state;
}

/**
 * Without earlier processes of the same name that have ended: a restarted gateway is one instance.
 * An earlier one that was heard of after the later one had begun is a second process of that name,
 * and both are kept while both live.
 */
export function currentProcesses(
  records: Iterable<InstanceRecord>,
  nowMs: number,
): InstanceRecord[] {
  const byName = Map.groupBy(records, ({ report }) => report.instance_id);
  return [...byName.values()].flatMap((processes) => {
    if (processes.length === 1) return processes;
    const [newest, ...earlier] = processes.toSorted((a, b) => b.firstSeenMs - a.firstSeenMs);
    if (newest === undefined) return [];
    const rivals = earlier.filter(
      (record) => record.lastSeenMs > newest.firstSeenMs && stateOf(record, nowMs) === 'live',
    );
    return [newest, ...rivals];
  });
}

/** Other live processes of the same name. */
export function rivalsOf(
  record: InstanceRecord,
  current: readonly InstanceRecord[],
  nowMs: number,
): InstanceRecord[] {
  if (stateOf(record, nowMs) !== 'live') return [];
  return current.filter(
    (other) =>
      other.report.instance_id === record.report.instance_id &&
      other.report.process_id !== record.report.process_id &&
      stateOf(other, nowMs) === 'live',
  );
}
