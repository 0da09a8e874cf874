/** The only reader of the environment in this process. */
import type { LogLevel } from '@ai-gateway/contracts';
import {
  isLoopbackHost,
  loadSettings,
  setting,
  SettingsError,
  type Environment,
} from '@ai-gateway/node-runtime';

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
  TOKEN_SERVICE_DOCS: setting.flag(true).describe('serve /docs and /docs-json'),
} as const;

export const settingsSpec = {
  shape: SETTINGS_SHAPE,
  ownPrefix: 'TOKEN_SERVICE_',
  foreign: ['TOKEN_SERVICE_URL'],
  secrets: ['TOKEN_SERVICE_CREDENTIAL'],
} as const;

export interface Settings {
  port: number;
  host: string;
  logLevel: LogLevel;
  /** Null: no credential is asked for; the host is a loopback address then. */
  credential: string | null;
  strictModels: boolean;
  serveDocs: boolean;
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
  };
}
