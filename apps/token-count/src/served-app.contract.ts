/** Serves the application on a free loopback port for the tests of a `describe`. */
import { createLogger, createRegistry } from '@ai-gateway/node-runtime';
import type { TokenPool } from '@ai-gateway/tokenizer';
import { afterAll, beforeAll } from 'vitest';
import { createApp, createPool } from './create-app.js';
import { RunningRules } from './platform/rules/running-rules.js';
import { readSettings, type Settings } from './settings.js';

export interface ServeOptions extends Partial<Settings> {
  /** Instead of one by the settings; the caller closes it. */
  pool?: TokenPool;
  rules?: RunningRules;
}

/** Returns a function that gives the address. */
export function serve({ pool: given, rules, ...more }: ServeOptions = {}): () => string {
  let url = '';
  let close: () => Promise<void>;
  beforeAll(async () => {
    const settings = { ...readSettings({}), budgetMs: 20_000, threads: 1, ...more };
    const logger = createLogger({ name: 'test', level: 'silent' as 'error' });
    const pool = given ?? createPool(settings, logger);
    const app = await createApp({
      settings,
      logger,
      registry: createRegistry(),
      pool,
      rules: rules ?? new RunningRules(settings, logger),
    });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
    close = async () => {
      await app.close();
      await pool.close();
    };
  });
  afterAll(() => close());
  return () => url;
}

export async function post(
  url: string,
  body: unknown,
  { path = '/calculate', ...headers }: Record<string, string> & { path?: string } = {},
) {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

export const ask = (content: unknown, model = 'gpt-4o') => ({
  model,
  messages: [{ role: 'user', content }],
});
