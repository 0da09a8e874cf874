/** What this gateway tells of itself, and what it does with the answer. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '@ai-gateway/node-runtime';
import type { Limiter } from './admission.factory.js';
import type { RunningConfig } from './config/running-config.js';
import type { DataListener } from './listener/data-listener.js';
import type { GatewayMetrics } from './metrics.js';
import { createRegistration, type Registration } from './registration/registration.js';
import { instanceGroups, type GatewaySettings } from './settings.js';

interface RegistrationParts {
  readonly settings: GatewaySettings;
  readonly version: string;
  readonly config: RunningConfig;
  readonly limiter: Limiter;
  readonly data: DataListener;
  readonly managementServer: Server;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
}

export function createGatewayRegistration(parts: RegistrationParts): Registration {
  const { settings, version, config, limiter, data, managementServer, metrics, logger } = parts;
  // A listener that has closed knows its port no more.
  let ports: { data: number; management: number } | null = null;
  return createRegistration({
    configCenterUrl: settings.CONFIG_CENTER_URL ?? null,
    credential: settings.GATEWAY_SERVICE_CREDENTIAL ?? null,
    config,
    facts: {
      instanceId: settings.GATEWAY_INSTANCE_ID,
      version,
      groups: instanceGroups(settings),
      advertisedAddress: settings.GATEWAY_ADVERTISE_ADDRESS ?? null,
      ports: () => (ports ??= { data: portOf(data.server), management: portOf(managementServer) }),
      status: () => config.status(),
      digest: () => config.digest,
      limitsMode: () => limiter.admission.mode,
    },
    load: {
      inflight: () => data.requests.size,
      openStreams: async () => (await metrics.openStreams.get()).values[0]?.value ?? 0,
      requests: () => data.requests.total,
    },
    metrics,
    logger,
  });
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
