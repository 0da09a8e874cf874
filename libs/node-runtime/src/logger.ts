/** One JSON line per event on stdout. Callers pass named fields only, never whole objects. */
import { pino, type Logger as PinoLogger, type LoggerOptions as PinoOptions } from 'pino';
import type { LogLevel } from '@ai-gateway/contracts';

export type Logger = PinoLogger;

export interface LoggerOptions {
  /** Which process writes, for example `gateway-proxy`. */
  name: string;
  level: LogLevel;
  /** Instead of stdout. */
  out?: { write(line: string): void };
}

/** Fields that never reach the log, whatever object carries them. */
const REDACTED = [
  'authorization',
  'cookie',
  'password',
  'credential',
  'secret',
  'token',
  'api_key',
  'access_token',
  'refresh_token',
];

export function createLogger({ name, level, out }: LoggerOptions): Logger {
  const options: PinoOptions = {
    name,
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: REDACTED.flatMap((field) => [field, `*.${field}`]), censor: '[redacted]' },
    serializers: { err: describeError },
  };
  return out === undefined ? pino(options) : pino(options, out);
}

/** Name, message, code and stack of an error and its causes; no own properties beyond these. */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  return {
    name: error.name,
    message: error.message,
    code: (error as NodeJS.ErrnoException).code,
    stack: error.stack,
    cause:
      error.cause === undefined || depth > 3 ? undefined : describeError(error.cause, depth + 1),
  };
}
