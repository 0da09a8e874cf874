/** A gateway in this process over a given configuration; for tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfigSource } from '@ai-gateway/config-feed';
import {
  CONFIG_KINDS,
  type ConfigFeed,
  type ConfigKind,
  type ConfigValues,
  type LogLevel,
} from '@ai-gateway/contracts';
import { createLogger } from '@ai-gateway/node-runtime';
import type { RequestLog } from './access-log.js';
import { GatewayProcess } from './gateway.process.js';
import { readSettings } from './settings.js';

export type Configuration = { [Kind in ConfigKind]?: readonly ConfigValues[Kind][] };

const ID_FIELDS = {
  namespace: 'namespace_id',
  matcher: 'matcher_id',
  rule: 'rule_id',
  upstream: 'upstream_id',
  target: 'target_id',
  model: 'model_id',
  route: 'route_id',
  api_key: 'key_id',
  policy: 'policy_id',
  settings: 'settings_id',
  held_value: 'held_value_id',
  token_rule: 'token_rule_id',
} as const satisfies Record<ConfigKind, string>;

/** A source under the test's control. */
class ScriptedSource implements ConfigSource {
  readonly name = 'scripted';
  private feed: ConfigFeed;
  private onWake: () => void = () => undefined;

  constructor(configuration: Configuration) {
    this.feed = feedOf(configuration, 1);
  }

  /** Publishes a new revision. */
  publish(configuration: Configuration): number {
    this.feed = feedOf(configuration, this.feed.revision + 1);
    this.onWake();
    return this.feed.revision;
  }

  head() {
    const { epoch, revision } = this.feed;
    return Promise.resolve({ epoch, revision });
  }

  changesSince() {
    return Promise.resolve(this.feed);
  }

  subscribe(onWake: () => void): void {
    this.onWake = onWake;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function feedOf(configuration: Configuration, revision: number): ConfigFeed {
  const changes = CONFIG_KINDS.flatMap((kind) =>
    (configuration[kind] ?? []).map((value) => ({
      kind,
      id: Number((value as unknown as Record<string, unknown>)[ID_FIELDS[kind]]),
      revision,
      value,
    })),
  );
  return { type: 'full', epoch: 'epoch-of-test', revision, changes };
}

/** A log line's fields and its text. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly message: string };

export interface RunningGateway {
  readonly url: string;
  readonly port: number;
  readonly managementUrl: string;
  readonly source: ScriptedSource;
  readonly process: GatewayProcess;
  /** What was logged at info and above, oldest first. */
  readonly log: LogLine[];
  /** The terminal records of requests. */
  records(): LogLine[];
  /** Publishes a configuration and waits until the gateway runs it. */
  publish(configuration: Configuration): Promise<void>;
  /** Resolves when no request is in progress. */
  idle(): Promise<void>;
  /** Value of one series in `/metrics`, by its whole name; 0 when there is none. */
  metric(series: string): Promise<number>;
  close(): Promise<void>;
}

/** @param env settings beside those a test needs to run alone */
export async function startGateway(
  configuration: Configuration,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningGateway> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gateway-'));
  const settings = readSettings({
    DATA_DIR: dataDir,
    GATEWAY_PORT: '0',
    GATEWAY_MANAGEMENT_PORT: '0',
    GATEWAY_INSTANCE_ID: 'gateway-under-test',
    GATEWAY_ALLOW_ANONYMOUS: 'true',
    GATEWAY_DRAIN_MS: '1000',
    UPSTREAM_ALLOW_ADDRESSES: '127.0.0.0/8',
    ...env,
  });
  const { logger, log, accessLog } = recordingLogger(settings.LOG_LEVEL);
  const source = new ScriptedSource(configuration);
  const gateway = await GatewayProcess.create(settings, logger, { sources: [source], accessLog });
  await gateway.start();
  const url = `http://127.0.0.1:${gateway.port}`;
  return {
    url,
    port: gateway.port,
    managementUrl: `http://127.0.0.1:${gateway.managementPort}`,
    source,
    process: gateway,
    log,
    records: () => log.filter(({ message }) => message === 'request'),
    publish: async (next) => {
      const revision = source.publish(next);
      while (gateway.revision < revision) await sleep(2);
    },
    idle: async () => {
      while ((await readMetric(url, 'gateway_inflight_requests')) > 0) await sleep(2);
    },
    metric: (series) => readMetric(url, series),
    close: async () => {
      await gateway.drain();
      await gateway.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function recordingLogger(level: LogLevel) {
  const log: LogLine[] = [];
  const keep = (fields: object, message: string): void => void log.push({ ...fields, message });
  const write = (line: string): void => {
    const { msg, ...fields } = JSON.parse(line) as { msg: string };
    keep(fields, msg);
  };
  const logger = createLogger({ name: 'gateway-under-test', level, out: { write } });
  const accessLog: RequestLog = {
    write: (record) => keep(record, 'request'),
    flush: () => undefined,
  };
  return { logger, log, accessLog };
}

async function readMetric(url: string, series: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length));
}
