/**
 * The configuration this instance runs: followed from its sources, compiled beside the running
 * table, installed by one assignment. A request keeps the table it started with.
 */
import { CONFIG_KINDS, type ConfigHead, type ConfigKind } from '@ai-gateway/contracts';
import {
  ConfigFollower,
  ConfigStore,
  type AppliedEvent,
  type ConfigResources,
  type ConfigSource,
  type FollowerStatus,
} from '@ai-gateway/config-feed';
import { DEFAULT_TIMEOUTS, RuntimeTableBuilder, compileConfig } from '@ai-gateway/gateway-engine';
import type { Logger } from '@ai-gateway/node-runtime';
import type { GatewayMetrics } from '../metrics.js';
import { runningTable, type RunningTable } from '../pipeline/running-table.js';

export interface RunningConfigOptions {
  /** To the first byte and between bytes, where neither upstream nor route says else. */
  defaultTimeoutMs: number;
  sources: readonly ConfigSource[];
  metrics: GatewayMetrics;
  logger: Logger;
  /** After every swap, for what depends on the set of targets. */
  onInstalled: (table: RunningTable) => void;
  /** After that, and when what is refused is known. */
  onApplied: () => void;
}

export class RunningConfig {
  /** Null until the first configuration has been applied. */
  current: RunningTable | null = null;
  /** What a request meets before that: nothing is known, nothing is admitted. */
  readonly empty: RunningTable = runningTable(compileConfig(NOTHING, { epoch: '', revision: 0 }));

  private readonly builder: RuntimeTableBuilder;
  private readonly follower: ConfigFollower<RunningTable>;

  constructor(private readonly options: RunningConfigOptions) {
    const { defaultTimeoutMs: firstByteMs } = options;
    const defaults = { ...DEFAULT_TIMEOUTS, firstByteMs, idleMs: firstByteMs };
    this.builder = new RuntimeTableBuilder(defaults);
    const store = new ConfigStore<RunningTable>({
      compile: (resources, head) => this.compile(resources, head),
      install: (table) => this.install(table),
    });
    this.follower = new ConfigFollower({
      store,
      sources: options.sources,
      onApplied: (event) => this.onApplied(event),
      onSourceState: (source, problem) => this.onSourceState(source, problem),
    });
  }

  /** Resolves when every source had its first chance; goes on following either way. */
  async start(): Promise<void> {
    const { applied } = await this.follower.start();
    if (applied === null) this.options.logger.warn('no configuration yet, waiting for a source');
  }

  status(): FollowerStatus {
    return this.follower.status();
  }

  /** Somebody knows of this head: looks soon unless it is applied already. */
  expect({ epoch, revision }: ConfigHead): void {
    const { applied } = this.follower.status();
    if (applied?.epoch === epoch && applied.revision >= revision) return;
    this.follower.wake();
  }

  /** Loads everything anew: what is held is not what it should be. */
  reload(): void {
    this.follower.wake();
  }

  close(): Promise<void> {
    return this.follower.close();
  }

  private compile(resources: ConfigResources, head: ConfigHead) {
    const table = this.builder.compile(resources, head);
    return { table: runningTable(table), problems: table.problems };
  }

  private install(table: RunningTable): void {
    this.current = table;
    this.options.onInstalled(table);
  }

  private onApplied({ head, nacks, source, durationMs }: AppliedEvent): void {
    const { metrics, logger } = this.options;
    metrics.configRevision.set(head.revision);
    metrics.configApply.observe(durationMs / 1000);
    metrics.activeRoutes.set(this.current === null ? 0 : countRoutes(this.current));
    metrics.configNacks.reset();
    for (const { kind } of nacks) metrics.configNacks.inc({ kind });
    logger.info({ revision: head.revision, source, ms: durationMs }, 'configuration applied');
    for (const { kind, id, reason } of nacks) {
      logger.warn({ kind, id, reason }, 'resource refused, its last good value goes on serving');
    }
    this.options.onApplied();
  }

  private onSourceState(source: string, problem: string | null): void {
    const { logger } = this.options;
    if (problem === null) logger.info({ source }, 'configuration source answers');
    else logger.warn({ source, problem }, 'configuration source does not answer');
  }
}

const NOTHING = Object.fromEntries(
  CONFIG_KINDS.map((kind: ConfigKind) => [kind, new Map()]),
) as unknown as ConfigResources;

function countRoutes({ routes }: RunningTable): number {
  const lists = [...routes.exact.values(), ...routes.prefixes.values(), routes.wildcards];
  return lists.reduce((sum, list) => sum + list.length, 0);
}
