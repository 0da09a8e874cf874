/** Starts the model server: settings, tokenizer, listener, ordered shutdown. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SettingsError, Shutdown, createLogger } from '@ai-gateway/node-runtime';
import { createMockLlm } from './server.js';
import { readSettings, type MockLlmSettings } from './settings.js';
import { tokenizerCounter } from './tokenizer-counter.js';

const DEADLINE_MS = 5000;

async function start({ host, port, logLevel, ...limits }: MockLlmSettings): Promise<void> {
  const logger = createLogger({ name: 'mock-llm', level: logLevel });
  const server = createMockLlm({ ...limits, counter: tokenizerCounter, logger });
  server.listen(port, host);
  await once(server, 'listening');
  new Shutdown({ logger, deadlineMs: DEADLINE_MS })
    .add('listener', async () => {
      server.close();
      // Scripted stalls never end by themselves; this server has no answer worth waiting for.
      server.closeAllConnections();
      await once(server, 'close');
    })
    .listen();
  process.stdout.write(`ready: mock-llm ${urlOf(server.address() as AddressInfo)}\n`);
}

const urlOf = ({ address, family, port }: AddressInfo): string =>
  `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;

try {
  await start(readSettings());
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  const isExpected = error instanceof SettingsError || code !== undefined;
  const hint = code === 'EADDRINUSE' ? '; set MOCK_LLM_PORT to another port' : '';
  process.stderr.write(`mock-llm: ${isExpected ? message : String(error)}${hint}\n`);
  process.exitCode = 1;
}
