/** Process environment of the model server; the only reader of it here. */
import { loadSettings, setting, type Environment } from '@ai-gateway/node-runtime';

const SHAPE = {
  MOCK_LLM_PORT: setting.port(8003).describe('port to listen on; 0 takes a free one'),
  MOCK_LLM_HOST: setting.text('127.0.0.1').describe('address to listen on'),
  MOCK_LLM_MAX_BODY_BYTES: setting
    .count(16 * 1024 * 1024, 1024, 256 * 1024 * 1024)
    .describe('largest request body'),
  MOCK_LLM_LEDGER_SIZE: setting
    .count(10_000, 1, 1_000_000)
    .describe('requests the ledger remembers; older ones are forgotten'),
  LOG_LEVEL: setting.logLevel().describe('debug, info, warn or error'),
};

/** Documented in `docs/reference/settings.md`, which a test compares with this shape. */
export const settingsSpec = { shape: SHAPE, ownPrefix: 'MOCK_LLM_' } as const;

export interface MockLlmSettings {
  readonly port: number;
  readonly host: string;
  readonly maxBodyBytes: number;
  readonly ledgerSize: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

export function readSettings(env: Environment = process.env): MockLlmSettings {
  const values = loadSettings(settingsSpec, env);
  return {
    port: values.MOCK_LLM_PORT,
    host: values.MOCK_LLM_HOST,
    maxBodyBytes: values.MOCK_LLM_MAX_BODY_BYTES,
    ledgerSize: values.MOCK_LLM_LEDGER_SIZE,
    logLevel: values.LOG_LEVEL,
  };
}
