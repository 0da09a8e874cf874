/** Takes heartbeats and answers them from memory: no heartbeat waits for the database. */
import type { ConfigHead, Heartbeat, HeartbeatAnswer } from '@ai-gateway/contracts';
import { rivalsOf } from './instance-record.js';
import type { InstanceRegistry } from './instance-registry.js';
import { digestMatches, headOf } from './instance-view.js';
import type { DigestWatch } from './digest-watch.js';

/** How old what other config-centers wrote may be. */
const REFRESH_MS = 1_000;

export interface HeartbeatsDeps {
  registry: InstanceRegistry;
  watch: DigestWatch;
  currentHead: () => ConfigHead | null;
  digestAt: (head: ConfigHead) => string | null;
  /** Somebody runs this revision; if the database does not know it, it went back. */
  seen: (head: ConfigHead) => void;
  nowMs: () => number;
}

export class InstanceHeartbeats {
  constructor(private readonly deps: HeartbeatsDeps) {}

  take(report: Heartbeat): HeartbeatAnswer {
    const { registry, currentHead } = this.deps;
    const record = registry.record(report);
    void registry.refresh(REFRESH_MS);
    this.tellEvidence(report);
    const rivals = rivalsOf(record, registry.current(), this.deps.nowMs());
    return {
      live_instances: Math.max(1, registry.presumedLive().length),
      head: currentHead(),
      reload: this.mustReload(report),
      id_conflict: rivals.some(({ firstSeenMs }) => firstSeenMs <= record.firstSeenMs),
    };
  }

  /** A pinned instance stays at what it was told to run. */
  private mustReload(report: Heartbeat): boolean {
    if (report.pinned_revision !== null) return false;
    const matches = digestMatches(report, (head) => this.deps.digestAt(head));
    return this.deps.watch.judge(report, matches);
  }

  private tellEvidence(report: Heartbeat): void {
    const applied = headOf(report);
    const head = this.deps.currentHead();
    if (applied === null || applied.epoch !== head?.epoch) return;
    if (applied.revision > head.revision) this.deps.seen(applied);
  }
}
