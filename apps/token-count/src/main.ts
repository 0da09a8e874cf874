/** Entry point of the token service. */
import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { SettingsError, Shutdown, createLogger, createRegistry } from '@ai-gateway/node-runtime';
import { ENCODING_NAMES, loadEncoding } from '@ai-gateway/tokenizer';
import { createApp } from './create-app.js';
import { readSettings, type Settings } from './settings.js';

const NAME = 'token-count';
const SHUTDOWN_MS = 10_000;

async function main(settings: Settings): Promise<void> {
  const logger = createLogger({ name: NAME, level: settings.logLevel });
  for (const encoding of ENCODING_NAMES) loadEncoding(encoding);
  const app = await createApp({ settings, logger, registry: createRegistry() });
  new Shutdown({ logger, deadlineMs: SHUTDOWN_MS }).add('http', () => app.close()).listen();
  await app.listen(settings.port, settings.host);
  const { port } = app.getHttpServer().address() as AddressInfo;
  process.stdout.write(`ready: ${NAME} http://127.0.0.1:${port}\n`);
}

/** What went wrong at start, for the operator: settings by name, a taken port with its variable. */
function reasonOf(error: unknown): string {
  if (error instanceof SettingsError) return error.message;
  if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
    return 'The port is taken; choose another with TOKEN_SERVICE_PORT.';
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

try {
  await main(readSettings());
} catch (error) {
  process.stderr.write(`${NAME} cannot start: ${reasonOf(error)}\n`);
  process.exit(1);
}
