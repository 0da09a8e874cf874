/**
 * The configuration this instance runs: followed from its sources, compiled beside the running
 * table, installed by one assignment. A request keeps the table it started with.
 */
import type { ConfigHead } from '@ai-gateway/contracts';
import {
  ConfigFollower,
  ConfigStore,
  PinFile,
  EventLoopPacer,
  type AppliedEvent,
  type CompileBase,
  type ConfigResources,
  type ConfigSource,
  type FollowerStatus,
  type SnapshotKeeper,
} from '@ai-gateway/config-feed';
import {
  DEFAULT_TIMEOUTS,
  NO_RESOURCES,
  RuntimeTableBuilder,
  compileConfig,
} from '@ai-gateway/gateway-engine';
import type { Logger } from '@ai-gateway/node-runtime';
import { ConfiguredModels } from '@ai-gateway/tokenizer';
import type { GatewayMetrics } from '../metrics.js';
import { runningTable, type RunningTable } from '../pipeline/running-table.js';
import { ConfigReport } from './config-report.js';
import { KeyFreshness } from './key-freshness.js';
import type { KeepSnapshot } from './snapshot.factory.js';
import { instanceGroups, type GatewaySettings } from '../settings.js';
import { nextSettings, settingsOfEnvironment, type RunningSettings } from './running-settings.js';

export interface RunningConfigOptions {
  /** Holds where no level of the configuration says else. */
  settings: GatewaySettings;
  sources: readonly ConfigSource[];
  /** Null: nothing is kept on disk. */
  keepSnapshot: KeepSnapshot | null;
  /** Holds the revision to stay at. */
  pinFile: string;
  metrics: GatewayMetrics;
  logger: Logger;
  /** After a swap that may have changed the set of targets. */
  onUpstreams: (table: RunningTable) => void;
  /** After a swap that changed models or how they are counted. */
  onModels: (table: RunningTable) => void;
  /** After a swap that changed settings. */
  onSettings: (settings: RunningSettings) => void;
  /** After all of that, when what is refused is known. */
  onApplied: () => void;
}

export class RunningConfig {
  /** Null until the first configuration has been applied. */
  current: RunningTable | null = null;
  /** What a request meets before that: nothing is known, nothing is admitted. */
  readonly empty: RunningTable;

  /** For the step that identifies callers. */
  readonly keys: KeyFreshness;

  /** What compiled last; it remembers resources by identity. */
  private builder: { timeoutMs: number; builder: RuntimeTableBuilder } | null = null;
  private tokenModels: { rules: ConfigResources['token_rule']; models: ConfiguredModels } | null =
    null;
  private readonly store: ConfigStore<RunningTable>;
  private readonly follower: ConfigFollower<RunningTable>;
  private readonly keeper: SnapshotKeeper | null;
  private readonly report: ConfigReport;

  constructor(private readonly options: RunningConfigOptions) {
    const { settings, metrics, logger } = options;
    const nothing = compileConfig(NO_RESOURCES, { epoch: '', revision: 0 });
    this.empty = runningTable(
      nothing,
      { settings: settingsOfEnvironment(settings), tokenModels: new ConfiguredModels([]) },
      null,
    );
    const sourceNames = options.sources.map(({ name }) => name);
    this.report = new ConfigReport({ metrics, logger, sourceNames });
    this.store = new ConfigStore<RunningTable>({
      compile: (resources, head, base) => this.compile(resources, head, base),
      install: (table) => this.install(table),
      groups: instanceGroups(settings),
    });
    this.keeper = options.keepSnapshot?.(() => this.store.capture()) ?? null;
    this.follower = this.createFollower();
    this.keys = new KeyFreshness({
      maxStaleMs: settings.GATEWAY_AUTH_MAX_STALE_SEC * 1000,
      lastContactMs: () => this.follower.status().lastContactMs,
      logger,
    });
    metrics.onScrape(() => this.report.show(this.status(), this.keeper));
  }

  /** Resolves when every source had its first chance, or a snapshot serves; follows either way. */
  async start(): Promise<void> {
    const { applied } = await this.follower.start();
    this.keys.start();
    if (applied === null) this.options.logger.warn('no configuration yet, waiting for a source');
  }

  status(): FollowerStatus {
    return this.follower.status();
  }

  /** Of all that was received; 32 hex digits. */
  get digest(): string {
    return this.store.digest;
  }

  /** The control plane stands at this head. */
  expect(head: ConfigHead): void {
    this.follower.expect(head);
  }

  /** Loads everything anew: what is held is not what it should be. */
  reload(): void {
    this.follower.reload();
  }

  async close(): Promise<void> {
    this.keys.close();
    await this.follower.close();
    await this.keeper?.close();
  }

  private createFollower(): ConfigFollower<RunningTable> {
    const { report, keeper, store } = this;
    const { pinFile, sources } = this.options;
    const pin = new PinFile(pinFile, (problem) => report.pinFile(pinFile, problem));
    return new ConfigFollower({
      store,
      sources,
      loadSnapshot: async () => (await keeper?.load()) ?? null,
      readPin: () => pin.read(),
      onPin: (status) => report.pin(status),
      onContact: (atMs) => keeper?.confirmed(atMs),
      onApplied: (event) => this.onApplied(event),
      onSourceState: (source, problem) => report.sourceState(source, problem),
    });
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
    const tokenModels = this.tokenModelsOf(resources);
    const running = runningTable(table, { settings, tokenModels }, base?.table ?? null);
    return { table: running, problems: table.problems };
  }

  /** Anew only where a rule of counting differs. */
  private tokenModelsOf({ token_rule: rules }: ConfigResources): ConfiguredModels {
    if (this.tokenModels?.rules !== rules) {
      this.tokenModels = { rules, models: new ConfiguredModels(rules.values()) };
    }
    return this.tokenModels.models;
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
    if (before?.modelList !== table.modelList || before.tokenModels !== table.tokenModels) {
      this.options.onModels(table);
    }
    if (before?.settings !== table.settings) this.options.onSettings(table.settings);
  }

  private onApplied(event: AppliedEvent): void {
    this.report.applied(event, this.current === null ? 0 : countRoutes(this.current));
    if (event.source !== 'snapshot') this.keeper?.touch();
    this.options.onApplied();
  }
}

function countRoutes({ routes }: RunningTable): number {
  const lists = [...routes.exact.values(), ...routes.prefixes.values(), routes.wildcards];
  return lists.reduce((sum, list) => sum + list.length, 0);
}
