/** This gateway's place in the fleet: heartbeats while there is a config-center, else alone. */
import { randomUUID } from 'node:crypto';
import type { Logger } from '@ai-gateway/node-runtime';
import type { RunningConfig } from '../config/running-config.js';
import type { GatewayMetrics } from '../metrics.js';
import { HeartbeatClient } from './heartbeat.client.js';
import { HeartbeatSender } from './heartbeat.sender.js';
import { instanceReport, type InstanceFacts } from './instance.report.js';
import { LoadMeter, type LoadSources } from './load.meter.js';

export interface RegistrationOptions {
  /** Null: there is no config-center to report to. */
  configCenterUrl: string | null;
  credential: string | null;
  facts: Omit<InstanceFacts, 'load' | 'processId'>;
  load: LoadSources;
  config: RunningConfig;
  metrics: GatewayMetrics;
  logger: Logger;
}

export interface Registration {
  /** How many gateways share the limits, as last heard. */
  readonly liveInstances: number;
  start(): void;
  /** Something a heartbeat tells has changed. */
  soon(): void;
  beginStopping(): void;
  stop(): Promise<void>;
}

export function createRegistration(options: RegistrationOptions): Registration {
  const { configCenterUrl, credential } = options;
  if (configCenterUrl === null || credential === null) return ALONE;
  const { config, metrics, logger } = options;
  const client = new HeartbeatClient({ baseUrl: configCenterUrl, credential });
  const load = new LoadMeter(options.load);
  const facts = { ...options.facts, load, processId: randomUUID() };
  const sender = new HeartbeatSender({
    report: (state) => instanceReport(facts, state),
    post: (heartbeat) => client.post(heartbeat),
    onHead: (head) => config.expect(head),
    onReload: () => {
      metrics.configReloads.inc();
      logger.warn('the configuration is not what its revision says, loading all of it anew');
      config.reload();
    },
    onFailure: () => metrics.heartbeatFailures.inc(),
    logger,
  });
  return {
    get liveInstances() {
      return sender.liveInstances;
    },
    start: () => sender.start(),
    soon: () => sender.soon(),
    beginStopping: () => sender.beginStopping(),
    stop: async () => {
      await sender.stop();
      load.close();
      await client.close();
    },
  };
}

const nothing = (): void => undefined;
const ALONE: Registration = {
  liveInstances: 1,
  start: nothing,
  soon: nothing,
  beginStopping: nothing,
  stop: () => Promise.resolve(),
};
