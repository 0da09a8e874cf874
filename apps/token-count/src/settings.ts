/** The only reader of the environment in this process. */
import { join } from 'node:path';
import type { LogLevel } from '@ai-gateway/contracts';
import {
  REDIS_SECRETS,
  isLoopbackHost,
  loadSettings,
  redisShape,
  redisUrlOf,
  setting,
  SettingsError,
  type Environment,
} from '@ai-gateway/node-runtime';
import { z } from 'zod';

/** Documented in `docs/reference/settings.md`, which a test compares with this shape. */
const SETTINGS_SHAPE = {
  TOKEN_SERVICE_PORT: setting.port(8002).describe('port of the token service'),
  SERVER_HOST: setting.text('127.0.0.1').describe('address to listen on'),
  LOG_LEVEL: setting.logLevel().describe('debug, info, warn or error'),
  DEBUG: setting.flag(false).describe('true: log level debug'),
  TOKEN_SERVICE_CREDENTIAL: setting
    .credential()
    .optional()
    .describe('what callers show as Bearer; unset: anybody on this machine, and only these'),
  TOKEN_SERVICE_STRICT_MODELS: setting
    .flag(false)
    .describe('true: an unknown model is answered with 404 instead of an estimate'),
  TOKEN_SERVICE_BUDGET_MS: setting
    .count(100, 1, 60_000)
    .describe('longest time for a count, waiting included; then the answer is an estimate'),
  TOKEN_SERVICE_THREADS: setting
    .count(0, 0, 64)
    .describe('threads that count; 0: one less than there are processors, from 1 to 4'),
  CONFIG_CENTER_URL: z.url().optional().describe('where to read published rules over HTTP'),
  GATEWAY_SERVICE_CREDENTIAL: setting
    .credential()
    .optional()
    .describe('shared with config-center; opens the feed of published rules'),
  ...redisShape,
  DATA_DIR: setting
    .text('./data')
    .describe('folder of the published rules kept on disk, sealed by a credential'),
  TOKENIZER_DIR: z
    .string()
    .optional()
    .describe('folder of added vocabularies; unset: tokenizers in DATA_DIR'),
  TOKEN_SERVICE_DOCS: setting.flag(true).describe('serve /docs and /docs-json'),
} as const;

export const settingsSpec = {
  shape: SETTINGS_SHAPE,
  ownPrefix: 'TOKEN_SERVICE_',
  foreign: ['TOKEN_SERVICE_URL'],
  secrets: [...REDIS_SECRETS, 'TOKEN_SERVICE_CREDENTIAL', 'GATEWAY_SERVICE_CREDENTIAL'],
} as const;

export interface Settings {
  port: number;
  host: string;
  logLevel: LogLevel;
  /** Null: no credential is asked for; the host is a loopback address then. */
  credential: string | null;
  strictModels: boolean;
  serveDocs: boolean;
  budgetMs: number;
  /** 0: by the number of processors. */
  threads: number;
  redisUrl: string | null;
  /** Null: rules are not read over HTTP. */
  configCenter: { baseUrl: string; credential: string } | null;
  /** What rules kept on disk are sealed by; null: none are kept. */
  sealingSecret: string | null;
  dataDir: string;
  /** Vocabularies beside the built-in ones. */
  tokenizerDir: string;
}

/** Throws a SettingsError, also for a host that others can reach while no credential is set. */
export function readSettings(env: Environment = process.env): Settings {
  const values = loadSettings(settingsSpec, env);
  const credential = values.TOKEN_SERVICE_CREDENTIAL ?? null;
  if (credential === null && !isLoopbackHost(values.SERVER_HOST)) {
    throw new SettingsError([
      'TOKEN_SERVICE_CREDENTIAL: is required when SERVER_HOST is not a loopback address',
    ]);
  }
  return {
    port: values.TOKEN_SERVICE_PORT,
    host: values.SERVER_HOST,
    logLevel: values.DEBUG ? 'debug' : values.LOG_LEVEL,
    credential,
    strictModels: values.TOKEN_SERVICE_STRICT_MODELS,
    serveDocs: values.TOKEN_SERVICE_DOCS,
    budgetMs: values.TOKEN_SERVICE_BUDGET_MS,
    threads: values.TOKEN_SERVICE_THREADS,
    redisUrl: redisUrlOf(values),
    configCenter: configCenterOf(values.CONFIG_CENTER_URL, values.GATEWAY_SERVICE_CREDENTIAL),
    sealingSecret: credential ?? values.GATEWAY_SERVICE_CREDENTIAL ?? null,
    dataDir: values.DATA_DIR,
    tokenizerDir: values.TOKENIZER_DIR ?? join(values.DATA_DIR, 'tokenizers'),
  };
}

const configCenterOf = (baseUrl?: string, credential?: string): Settings['configCenter'] =>
  baseUrl === undefined || credential === undefined ? null : { baseUrl, credential };
