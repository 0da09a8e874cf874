/**
 * Waits until every live instance has applied a revision. Heartbeats received here wake it up at
 * once; those another config-center receives are found in the table, which is looked at every
 * 100 ms only while somebody waits.
 */
import type { ConfigHead } from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import type { InstanceRecord } from './instance-record.js';
import type { InstanceRegistry } from './instance-registry.js';
import { headOf } from './instance-view.js';

const MAX_WAITS = 200;
const POLL_MS = 100;

export interface AppliedReport {
  /** Instances that count: live and not pinned. */
  readonly total: number;
  readonly applied: number;
  readonly missing: readonly string[];
  /** Those that refuse a resource of this very revision, applied or not. */
  readonly refusing: readonly string[];
}

export interface AppliedWaitOptions {
  timeoutMs: number;
  signal: AbortSignal;
}

export class AppliedWait {
  private waits = 0;

  constructor(
    private readonly registry: InstanceRegistry,
    private readonly nowMs: () => number = Date.now,
  ) {}

  /** Takes one of the places there are, before the write is made; rejects with OVERLOADED. */
  reserve(): () => void {
    if (this.waits >= MAX_WAITS) throw new AdminError('OVERLOADED');
    this.waits += 1;
    let isHeld = true;
    return () => {
      if (isHeld) this.waits -= 1;
      isHeld = false;
    };
  }

  /** Resolves when all have applied, after the timeout, or when aborted. */
  async until(head: ConfigHead, { timeoutMs, signal }: AppliedWaitOptions): Promise<AppliedReport> {
    const untilMs = this.nowMs() + timeoutMs;
    for (;;) {
      const leftMs = untilMs - this.nowMs();
      await this.refresh(leftMs, signal);
      const report = reportOf(this.registry.presumedLive(), head);
      const remainingMs = untilMs - this.nowMs();
      if (report.missing.length === 0 || remainingMs <= 0 || signal.aborted) return report;
      await this.registry.changed(Math.min(POLL_MS, remainingMs), signal);
    }
  }

  /** A database that does not answer must not make the wait longer than was asked for. */
  private async refresh(leftMs: number, signal: AbortSignal): Promise<void> {
    const enough = new AbortController();
    await Promise.race([
      this.registry.refresh(POLL_MS),
      this.registry.changed(Math.max(0, leftMs), AbortSignal.any([signal, enough.signal])),
    ]);
    enough.abort();
  }
}

function reportOf(live: readonly InstanceRecord[], head: ConfigHead): AppliedReport {
  const counted = live.filter(({ report }) => report.pinned_revision === null);
  const missing = counted.filter((record) => !hasApplied(record, head));
  const refusing = counted.filter(({ report }) =>
    report.nacks.some(({ revision }) => revision === head.revision),
  );
  return {
    total: counted.length,
    applied: counted.length - missing.length,
    missing: missing.map(nameOf),
    refusing: refusing.map(nameOf),
  };
}

const nameOf = ({ report }: InstanceRecord): string => report.instance_id;

function hasApplied({ report }: InstanceRecord, head: ConfigHead): boolean {
  const applied = headOf(report);
  return applied?.epoch === head.epoch && applied.revision >= head.revision;
}
