/** The launcher's environment and command line, read once. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  SettingsError,
  loadSettings,
  setting,
  type Environment,
  type SettingsSpec,
} from '@ai-gateway/node-runtime';
import { z } from 'zod';

const APPS_DIR = fileURLToPath(new URL('../../', import.meta.url));
const LOOPBACK = '127.0.0.0/8,::1/128';
const MAX_GATEWAYS = 16;

const shape = {
  CONFIG_CENTER_PORT: setting.port(8001).describe('port of config-center; 0 picks a free one'),
  GATEWAY_PORT: setting.port(8081).describe('port of the first gateway; further ones follow'),
  GATEWAY_MANAGEMENT_PORT: setting.port(9081).describe('management port of the first gateway'),
  TOKEN_SERVICE_PORT: setting.port(8002).describe('port of the token service'),
  MOCK_LLM_PORT: setting.port(8003).describe('port of the mock model server'),
  SERVER_HOST: setting.text('127.0.0.1').describe('address all but the mock model listen on'),
  DATA_DIR: setting
    .text('./data')
    .describe('folder of the embedded database and generated secrets'),
  TOKENIZER_DIR: z
    .string()
    .optional()
    .describe('folder of added vocabularies; absent: tokenizers in DATA_DIR'),
  DATABASE_URL: z.string().optional().describe('mysql:// URL; absent: embedded SQLite'),
  REDIS_URL: z.string().optional().describe('redis:// URL; absent: counters in memory'),
  MASTER_KEY: z.string().optional().describe('32 bytes, base64 or hex; absent: made once'),
  GATEWAY_SERVICE_CREDENTIAL: setting
    .credential()
    .optional()
    .describe('what gateways show to config-center; absent: random for each start'),
  TOKEN_SERVICE_CREDENTIAL: setting
    .credential()
    .optional()
    .describe('what callers show to token-count; absent: random, and none on a loopback host'),
  SEED_DEMO_DATA: setting.flag(true).describe('create the demo namespace on the first start'),
  GATEWAY_ALLOW_ANONYMOUS: z
    .stringbool()
    .optional()
    .describe('serve requests without an API key; default true on a loopback host only'),
  UPSTREAM_ALLOW_ADDRESSES: setting
    .text(LOOPBACK)
    .describe('private networks that targets may be in'),
  LAUNCHER_APPS_DIR: setting.text(APPS_DIR).describe('folder that holds <app>/dist/main.js'),
  LAUNCHER_START_TIMEOUT_MS: setting.count(30_000, 100).describe('for each process to get ready'),
  LAUNCHER_STOP_TIMEOUT_MS: setting.count(20_000, 100).describe('for all processes to stop'),
  NO_COLOR: z.string().optional().describe('any value: no colour on a terminal'),
};

export const settingsSpec: SettingsSpec<typeof shape> = {
  shape,
  ownPrefix: 'LAUNCHER_',
  secrets: [
    'DATABASE_URL',
    'REDIS_URL',
    'MASTER_KEY',
    'GATEWAY_SERVICE_CREDENTIAL',
    'TOKEN_SERVICE_CREDENTIAL',
  ],
};

export type LauncherSettings = ReturnType<typeof loadSettings<typeof shape>> & {
  gateways: number;
  /** No database server and no Redis. */
  embedded: boolean;
  /** What the children inherit: the environment without what the launcher hands out itself. */
  inherited: Environment;
};

/** Reads `.env` of the working directory, which never overrides what is set already. */
export function readSettings(argv: readonly string[]): LauncherSettings {
  try {
    process.loadEnvFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return settingsFrom(process.env, argv);
}

export function settingsFrom(env: Environment, argv: readonly string[]): LauncherSettings {
  const values = loadSettings(settingsSpec, env);
  const gateways = gatewaysOf(argv);
  const hasRedis = Boolean(values.REDIS_URL ?? env.REDIS_HOST);
  const hasDatabase = Boolean(values.DATABASE_URL ?? env.MYSQL_HOST);
  if (gateways > 1 && !hasRedis) {
    throw new SettingsError([
      'REDIS_URL: is required with --gateways above 1, because gateways share their counters there',
    ]);
  }
  const dataDir = resolve(values.DATA_DIR);
  const embedded = !hasRedis && !hasDatabase;
  return { ...values, DATA_DIR: dataDir, gateways, embedded, inherited: inheritedFrom(env) };
}

function gatewaysOf(argv: readonly string[]): number {
  const problem = `--gateways: must be a whole number from 1 to ${MAX_GATEWAYS}`;
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { gateways: { type: 'string', default: '1' } },
    });
    const gateways = Number(values.gateways);
    if (Number.isInteger(gateways) && gateways >= 1 && gateways <= MAX_GATEWAYS) return gateways;
  } catch (error) {
    throw new SettingsError([error instanceof Error ? error.message : problem]);
  }
  throw new SettingsError([problem]);
}

function inheritedFrom(env: Environment): Environment {
  const handedOut = new Set([
    ...Object.keys(shape).filter((name) => name !== 'NO_COLOR'),
    ...(settingsSpec.secrets ?? []).map((name) => `${name}_FILE`),
    'CONFIG_CENTER_URL',
    'GATEWAY_MANAGEMENT_URL',
    'GATEWAY_INSTANCE_ID',
    'MOCK_LLM_URL',
    'TOKEN_SERVICE_URL',
  ]);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !handedOut.has(name)));
}
