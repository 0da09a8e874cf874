/** Which processes run, in which order, and what each is told through its environment. */
import { join, resolve } from 'node:path';
import { isLoopbackHost, reachableHost } from '@ai-gateway/node-runtime';
import type { PortClaim } from './port.check.js';
import type { LauncherSettings } from './settings.js';
import type { ProcessPlan } from './supervised-process.js';

export interface FleetPorts {
  configCenter: number;
  tokenService: number;
  mockLlm: number;
  /** One pair per gateway. */
  gateways: readonly { port: number; managementPort: number }[];
}

export interface FleetSecrets {
  masterKey: string;
  serviceCredential: string;
  /** Undefined: token-count serves this machine alone and asks nobody. */
  tokenServiceCredential: string | undefined;
}

export const urlOf = ({ SERVER_HOST }: LauncherSettings, port: number) =>
  `http://${reachableHost(SERVER_HOST)}:${port}`;
export const mockLlmUrl = (port: number) => `http://127.0.0.1:${port}`;

/** Where nobody else can reach a gateway, whoever can may use it. */
export const allowsAnonymous = (settings: LauncherSettings) =>
  settings.GATEWAY_ALLOW_ANONYMOUS ?? isLoopbackHost(settings.SERVER_HOST);

/** In the order `portsFrom` takes them. */
export function portClaims(settings: LauncherSettings): PortClaim[] {
  const nth = (port: number, index: number) => (port === 0 ? 0 : port + index);
  const gateways = Array.from({ length: settings.gateways }, (_, index) => [
    { variable: 'GATEWAY_PORT', port: nth(settings.GATEWAY_PORT, index) },
    { variable: 'GATEWAY_MANAGEMENT_PORT', port: nth(settings.GATEWAY_MANAGEMENT_PORT, index) },
  ]);
  return [
    { variable: 'CONFIG_CENTER_PORT', port: settings.CONFIG_CENTER_PORT },
    { variable: 'TOKEN_SERVICE_PORT', port: settings.TOKEN_SERVICE_PORT },
    { variable: 'MOCK_LLM_PORT', port: settings.MOCK_LLM_PORT },
    ...gateways.flat(),
  ];
}

export function portsFrom(ports: readonly number[]): FleetPorts {
  const [configCenter = 0, tokenService = 0, mockLlm = 0, ...rest] = ports;
  const gateways = Array.from({ length: rest.length / 2 }, (_, index) => ({
    port: rest[2 * index] ?? 0,
    managementPort: rest[2 * index + 1] ?? 0,
  }));
  return { configCenter, tokenService, mockLlm, gateways };
}

/** Stages in start order; the processes of one stage start together. */
export function planFleet(
  settings: LauncherSettings,
  ports: FleetPorts,
  secrets: FleetSecrets,
): ProcessPlan[][] {
  const forAll = {
    SERVER_HOST: settings.SERVER_HOST,
    TOKENIZER_DIR: resolve(settings.TOKENIZER_DIR ?? join(settings.DATA_DIR, 'tokenizers')),
  };
  const shared = {
    ...forAll,
    DATA_DIR: settings.DATA_DIR,
    REDIS_URL: settings.REDIS_URL,
    MASTER_KEY: secrets.masterKey,
    GATEWAY_SERVICE_CREDENTIAL: secrets.serviceCredential,
    UPSTREAM_ALLOW_ADDRESSES: settings.UPSTREAM_ALLOW_ADDRESSES,
    TOKEN_SERVICE_URL: urlOf(settings, ports.tokenService),
  };
  const plan = (name: string, app: string, own: Record<string, string | undefined>) => ({
    name,
    script: join(settings.LAUNCHER_APPS_DIR, app, 'dist', 'main.js'),
    env: { ...settings.inherited, ...own },
  });

  const configCenter = plan('config-center', 'config-center', {
    ...shared,
    CONFIG_CENTER_PORT: String(ports.configCenter),
    DATABASE_URL: settings.DATABASE_URL,
    SEED_DEMO_DATA: String(settings.SEED_DEMO_DATA),
    MOCK_LLM_URL: mockLlmUrl(ports.mockLlm),
    GATEWAY_MANAGEMENT_URL: urlOf(settings, ports.gateways[0]?.managementPort ?? 0),
  });
  const gateways = ports.gateways.map(({ port, managementPort }, index) =>
    plan(ports.gateways.length === 1 ? 'gateway-proxy' : `gateway-${index + 1}`, 'gateway-proxy', {
      ...shared,
      DATA_DIR: join(settings.DATA_DIR, `gateway-${index + 1}`),
      GATEWAY_PORT: String(port),
      GATEWAY_MANAGEMENT_PORT: String(managementPort),
      GATEWAY_INSTANCE_ID: `gateway-${index + 1}`,
      GATEWAY_ALLOW_ANONYMOUS: String(allowsAnonymous(settings)),
      CONFIG_CENTER_URL: urlOf(settings, ports.configCenter),
      TOKEN_SERVICE_CREDENTIAL: secrets.tokenServiceCredential,
    }),
  );
  return [
    [configCenter],
    [
      plan('token-count', 'token-count', {
        ...forAll,
        DATA_DIR: join(settings.DATA_DIR, 'token-count'),
        CONFIG_CENTER_URL: urlOf(settings, ports.configCenter),
        GATEWAY_SERVICE_CREDENTIAL: secrets.serviceCredential,
        TOKEN_SERVICE_PORT: String(ports.tokenService),
        TOKEN_SERVICE_CREDENTIAL: secrets.tokenServiceCredential,
      }),
      plan('mock-llm', 'mock-llm', { MOCK_LLM_PORT: String(ports.mockLlm) }),
    ],
    gateways,
  ];
}
