/** `npm run init`: makes the tables and adds what is missing of the demo data. Safe to run again. */
import 'reflect-metadata';
import { createLogger, createRegistry } from '@ai-gateway/node-runtime';
import { createApp } from './create-app.js';
import { DemoSeeder } from './features/demo/demo.seeder.js';
import { readSettings, type Settings } from './settings.js';
import { startFailure } from './start-failure.js';

async function init(settings: Settings): Promise<void> {
  const logger = createLogger({ name: 'config-center-init', level: settings.logLevel });
  const app = await createApp({ settings, logger, registry: createRegistry() });
  await app.init();
  await app.get(DemoSeeder).seed();
  await app.close();
  process.stdout.write('The demo data is in place.\n');
}

try {
  await init(readSettings());
} catch (error) {
  process.stderr.write(`init failed: ${startFailure(error)}\n`);
  process.exit(1);
}
