/** Entry point of the control plane. */
import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { Shutdown, createLogger, createRegistry } from '@ai-gateway/node-runtime';
import { useVocabularies } from '@ai-gateway/tokenizer';
import { createApp } from './create-app.js';
import { DemoSeeder } from './features/demo/demo.seeder.js';
import { JobRunner } from './platform/jobs/job-runner.js';
import { readSettings, type Settings } from './settings.js';
import { startFailure } from './start-failure.js';

const NAME = 'config-center';
const SHUTDOWN_MS = 10_000;

async function main(settings: Settings): Promise<void> {
  const logger = createLogger({ name: NAME, level: settings.logLevel });
  useVocabularies(settings.tokenizerDir);
  const app = await createApp({ settings, logger, registry: createRegistry() });
  new Shutdown({ logger, deadlineMs: SHUTDOWN_MS }).add('http', () => app.close()).listen();
  if (settings.seedDemoData) await app.get(DemoSeeder).seed();
  await app.listen(settings.port, settings.host);
  app.get(JobRunner).start();
  const { port } = app.getHttpServer().address() as AddressInfo;
  process.stdout.write(`ready: ${NAME} http://127.0.0.1:${port}\n`);
}

try {
  await main(readSettings());
} catch (error) {
  process.stderr.write(`${NAME} cannot start: ${startFailure(error)}\n`);
  process.exit(1);
}
