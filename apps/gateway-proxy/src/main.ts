/** Starts one gateway process. */
import { join } from 'node:path';
import { Shutdown, SettingsError, createLogger, type Logger } from '@ai-gateway/node-runtime';
import { useVocabularies } from '@ai-gateway/tokenizer';
import { GatewayProcess } from './gateway.process.js';
import { readSettings } from './settings.js';

const SHUTDOWN_MARGIN_MS = 5000;

async function main(): Promise<void> {
  const settings = readSettings();
  const logger = createLogger({ name: 'gateway-proxy', level: settings.LOG_LEVEL });
  guardProcess(logger);
  useVocabularies(settings.TOKENIZER_DIR ?? join(settings.DATA_DIR, 'tokenizers'));
  const gateway = await GatewayProcess.create(settings, logger);
  new Shutdown({ logger, deadlineMs: () => gateway.drainMs + SHUTDOWN_MARGIN_MS })
    .add('stop readiness', () => gateway.beginDraining())
    .add('drain', () => gateway.drain())
    .add('close', () => gateway.close())
    .listen();
  await gateway.start();
  process.stdout.write(`ready: gateway-proxy http://127.0.0.1:${gateway.port}\n`);
}

/** One request's bug must not end the others; what reaches this is a bug to be mended. */
function guardProcess(logger: Logger): void {
  process.on('unhandledRejection', (err) => logger.error({ err }, 'unhandled rejection'));
  process.on('uncaughtException', (err) => logger.error({ err }, 'uncaught exception'));
}

main().catch((error: unknown) => {
  process.stderr.write(`${startFailure(error)}\n`);
  process.exit(1);
});

function startFailure(error: unknown): string {
  if (error instanceof SettingsError) return error.message;
  const { code, port } = error as { code?: string; port?: number };
  if (code === 'EADDRINUSE') {
    return `Port ${port} is taken; choose another with GATEWAY_PORT or GATEWAY_MANAGEMENT_PORT.`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
