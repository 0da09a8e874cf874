/** Entry point of the token service. */
import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { SettingsError, Shutdown, createLogger, createRegistry } from '@ai-gateway/node-runtime';
import { useVocabularies, vocabularyNames } from '@ai-gateway/tokenizer';
import { createApp, createPool } from './create-app.js';
import { RunningRules } from './platform/rules/running-rules.js';
import { readSettings, type Settings } from './settings.js';

const NAME = 'token-count';
const SHUTDOWN_MS = 10_000;

async function main(settings: Settings): Promise<void> {
  const logger = createLogger({ name: NAME, level: settings.logLevel });
  useVocabularies(settings.tokenizerDir);
  const pool = createPool(settings, logger);
  const rules = new RunningRules(settings, logger);
  const [failed] = await Promise.all([pool.load(vocabularyNames()), rules.start()]);
  for (const [encoding, reason] of Object.entries(failed)) {
    logger.error({ encoding, reason }, 'a vocabulary cannot be read, its models are refused');
  }
  const app = await createApp({ settings, logger, registry: createRegistry(), pool, rules });
  new Shutdown({ logger, deadlineMs: SHUTDOWN_MS })
    .add('http', () => app.close())
    .add('rules', () => rules.close())
    .add('pool', () => pool.close())
    .listen();
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
