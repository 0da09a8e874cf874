/** What the log and the metrics say about the configuration this instance runs. */
import type {
  AppliedEvent,
  FollowerStatus,
  Nack,
  PinStatus,
  SnapshotKeeper,
} from '@ai-gateway/config-feed';
import type { Logger } from '@ai-gateway/node-runtime';
import type { GatewayMetrics } from '../metrics.js';

export interface ConfigReportOptions {
  metrics: GatewayMetrics;
  logger: Logger;
  sourceNames: readonly string[];
}

/** A configuration of thousands of refused resources must not fill the disk with lines. */
const MAX_LINES = 20;

export class ConfigReport {
  /** Refusals the last revision had too. */
  private told: ReadonlySet<string> = new Set();

  constructor(private readonly options: ConfigReportOptions) {}

  applied({ head, nacks, source, durationMs }: AppliedEvent, routes: number): void {
    const { metrics, logger } = this.options;
    metrics.configRevision.set(head.revision);
    metrics.configApply.observe(durationMs / 1000);
    metrics.activeRoutes.set(routes);
    metrics.configNacks.reset();
    for (const { kind } of nacks) metrics.configNacks.inc({ kind });
    logger.info({ revision: head.revision, source, ms: durationMs }, 'configuration applied');
    this.tellRefused(nacks);
  }

  /** Once each, however many revisions they stay refused. */
  private tellRefused(nacks: readonly Nack[]): void {
    const { logger } = this.options;
    const fresh = nacks.filter((nack) => !this.told.has(textOf(nack)));
    this.told = new Set(nacks.map(textOf));
    for (const { kind, id, reason } of fresh.slice(0, MAX_LINES)) {
      logger.warn({ kind, id, reason }, 'resource refused, its last good value goes on serving');
    }
    if (fresh.length <= MAX_LINES) return;
    logger.warn({ more: fresh.length - MAX_LINES }, 'more resources refused, all are in /health');
  }

  sourceState(source: string, problem: string | null): void {
    const { logger } = this.options;
    if (problem === null) logger.info({ source }, 'configuration source answers');
    else logger.warn({ source, problem }, 'configuration source does not answer');
  }

  pin(pin: PinStatus | null): void {
    const { logger } = this.options;
    if (pin === null) logger.info('the configuration is not pinned any more');
    else if (pin.problem === null) logger.warn({ revision: pin.revision }, 'pinned to a revision');
    else logger.warn(pin, 'pinned to a revision that cannot be reached');
  }

  pinFile(file: string, problem: string | null): void {
    const { logger } = this.options;
    if (problem === null) logger.info({ file }, 'the pin file can be read');
    else logger.warn({ file, problem }, 'the pin file is ignored');
  }

  /** What changes without an event; called before metrics are read. */
  show({ source, pin }: FollowerStatus, keeper: SnapshotKeeper | null): void {
    const { metrics, sourceNames } = this.options;
    for (const name of [...sourceNames, 'snapshot', 'none']) {
      metrics.configSource.set({ source: name }, name === (source ?? 'none') ? 1 : 0);
    }
    metrics.configPinned.reset();
    if (pin !== null) {
      metrics.configPinned.set({ reached: String(pin.problem === null) }, pin.revision);
    }
    const ageMs = keeper?.ageMs(Date.now()) ?? null;
    metrics.snapshotAge.set(ageMs === null ? -1 : ageMs / 1000);
  }
}

const textOf = ({ kind, id, reason, since }: Nack): string => `${kind}:${id} ${since} ${reason}`;
