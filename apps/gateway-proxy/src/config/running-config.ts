/**
 * The configuration this instance runs: followed from its sources, compiled beside the running
 * table, installed by one assignment. A request keeps the table it started with.
 */
import type { ConfigHead } from '@ai-gateway/contracts';
import {
  ConfigFollower,
  ConfigStore,
  EventLoopPacer,
  type AppliedEvent,
  type CompileBase,
  type ConfigResources,
  type ConfigSource,
  type FollowerStatus,
} from '@ai-gateway/config-feed';
import {
  DEFAULT_TIMEOUTS,
  NO_RESOURCES,
  RuntimeTableBuilder,
  compileConfig,
} from '@ai-gateway/gateway-engine';
import type { Logger } from '@ai-gateway/node-runtime';
import type { GatewayMetrics } from '../metrics.js';
import { runningTable, type RunningTable } from '../pipeline/running-table.js';
import { instanceGroups, type GatewaySettings } from '../settings.js';
import { nextSettings, settingsOfEnvironment, type RunningSettings } from './running-settings.js';

export interface RunningConfigOptions {
  /** Holds where no level of the configuration says else. */
  settings: GatewaySettings;
  sources: readonly ConfigSource[];
  metrics: GatewayMetrics;
  logger: Logger;
  /** After a swap that may have changed the set of targets. */
  onUpstreams: (table: RunningTable) => void;
  /** After a swap that changed settings. */
  onSettings: (settings: RunningSettings) => void;
}

export class RunningConfig {
  /** Null until the first configuration has been applied. */
  current: RunningTable | null = null;
  /** What a request meets before that: nothing is known, nothing is admitted. */
  readonly empty: RunningTable;

  /** What compiled last; it remembers resources by identity. */
  private builder: { timeoutMs: number; builder: RuntimeTableBuilder } | null = null;
  private readonly follower: ConfigFollower<RunningTable>;

  constructor(private readonly options: RunningConfigOptions) {
    const nothing = compileConfig(NO_RESOURCES, { epoch: '', revision: 0 });
    this.empty = runningTable(nothing, settingsOfEnvironment(options.settings), null);
    const store = new ConfigStore<RunningTable>({
      compile: (resources, head, base) => this.compile(resources, head, base),
      install: (table) => this.install(table),
      groups: instanceGroups(options.settings),
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

  close(): Promise<void> {
    return this.follower.close();
  }

  /** In effect now. */
  get settings(): RunningSettings {
    return (this.current ?? this.empty).settings;
  }

  /**
   * Default timeouts are compiled into every upstream and route, so a table of others is no base.
   */
  private async compile(
    resources: ConfigResources,
    head: ConfigHead,
    given: CompileBase<RunningTable> | null,
  ) {
    const settings = nextSettings(this.settings, this.options.settings, {
      levels: resources.settings.values(),
      revision: head.revision,
    });
    const isOfSameTimeout = given?.table.settings.defaultTimeoutMs === settings.defaultTimeoutMs;
    const base = isOfSameTimeout ? given : null;
    const steps = this.builderFor(settings).steps(resources, head, base);
    const table = await new EventLoopPacer().run(steps);
    return { table: runningTable(table, settings, base?.table ?? null), problems: table.problems };
  }

  private builderFor({ defaultTimeoutMs }: RunningSettings): RuntimeTableBuilder {
    if (this.builder?.timeoutMs !== defaultTimeoutMs) {
      const timeouts = { firstByteMs: defaultTimeoutMs, idleMs: defaultTimeoutMs };
      const builder = new RuntimeTableBuilder({ ...DEFAULT_TIMEOUTS, ...timeouts });
      this.builder = { timeoutMs: defaultTimeoutMs, builder };
    }
    return this.builder.builder;
  }

  private install(table: RunningTable): void {
    const before = this.current;
    this.current = table;
    if (before?.upstreams !== table.upstreams) this.options.onUpstreams(table);
    if (before?.settings !== table.settings) this.options.onSettings(table.settings);
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
  }

  private onSourceState(source: string, problem: string | null): void {
    const { logger } = this.options;
    if (problem === null) logger.info({ source }, 'configuration source answers');
    else logger.warn({ source, problem }, 'configuration source does not answer');
  }
}

function countRoutes({ routes }: RunningTable): number {
  const lists = [...routes.exact.values(), ...routes.prefixes.values(), routes.wildcards];
  return lists.reduce((sum, list) => sum + list.length, 0);
}
