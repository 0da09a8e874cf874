/** What `npm start` gives a person who has neither MySQL nor Redis, and what the README tells them to type. */
import { execFile, type ExecFileException } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startRedis } from '@ai-gateway/devkit';
import { launchApp, type SpawnedApp } from '@ai-gateway/testing';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { AdminClient } from './admin.client.js';
import { createDatabase } from './database.js';
import { eventually } from './eventually.js';
import { chat } from './load.js';

const README = new URL('../../../README.md', import.meta.url);
const START_MS = 60_000;
const PORTS = {
  CONFIG_CENTER_PORT: 8001,
  TOKEN_SERVICE_PORT: 8002,
  MOCK_LLM_PORT: 8003,
  GATEWAY_PORT: 8081,
  GATEWAY_MANAGEMENT_PORT: 9081,
} as const;
type PortName = keyof typeof PORTS;
const PORT_NAMES = Object.keys(PORTS) as PortName[];

/** Read by no app. */
const MARK = 'E2E_RUN';

let ports: Record<PortName, string>;
let dataDir: string;
let launched: SpawnedApp[] = [];

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a script as a person would paste it into a shell. */
const bash = (script: string, env: Record<string, string> = {}): Promise<Outcome> =>
  new Promise((resolve) => {
    const options = { env: { PATH: '/usr/local/bin:/usr/bin:/bin', ...env } };
    execFile(
      'bash',
      ['--norc', '-c', script],
      options,
      (error: ExecFileException | null, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });

async function launch(env: Record<string, string> = {}, args: string[] = []): Promise<SpawnedApp> {
  const app = await launchApp({
    name: 'launcher',
    cwd: dataDir,
    args,
    env: { [MARK]: dataDir, DATA_DIR: join(dataDir, 'data'), ...ports, ...env },
  });
  launched.push(app);
  return app;
}

async function start(env: Record<string, string> = {}): Promise<SpawnedApp> {
  const app = await launch(env);
  await app.waitForLine(/^Ctrl-C stops everything/, START_MS);
  return app;
}

async function interrupt(app: SpawnedApp): Promise<number | null> {
  app.signal('SIGINT');
  return app.whenEnded();
}

const lineOf = (app: SpawnedApp, pattern: RegExp): string =>
  app.log.split('\n').find((line) => pattern.test(line)) ?? '';

/** The launcher and all it has started, found by a variable that each inherits. */
function processes(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`${MARK}=${dataDir}`);
      } catch {
        return false;
      }
    });
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

beforeAll(async () => {
  const free = await Promise.all(PORT_NAMES.map(() => freePort()));
  ports = Object.fromEntries(
    PORT_NAMES.map((name, index) => [name, String(free[index])]),
  ) as Record<PortName, string>;
  dataDir = mkdtempSync(join(tmpdir(), 'ai-gateway-embedded-'));
});
afterEach(async () => {
  await Promise.all(launched.map((app) => interrupt(app)));
  launched = [];
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

describe('the launcher refuses', () => {
  it('a taken port, and names the variable that moves it', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const app = await launch({ GATEWAY_PORT: String(port) });
    expect(await app.whenEnded()).toBe(1);
    expect(app.log).toContain(`port ${port} is taken; set GATEWAY_PORT to another one`);
    await new Promise((resolve) => server.close(resolve));
  });

  it('two gateways without a Redis to share their counters', async () => {
    const app = await launch({}, ['--gateways', '2']);
    expect(await app.whenEnded()).toBe(1);
    expect(app.log).toContain('REDIS_URL');
    expect(app.log).not.toContain('ready:');
  });

  it('a setting that is not one, by name and without its value', async () => {
    const app = await launch({ CONFIG_CENTER_PORT: 'eighty-o-one' });
    expect(await app.whenEnded()).toBe(1);
    expect(app.log).toContain('CONFIG_CENTER_PORT');
    expect(app.log).not.toContain('eighty-o-one');
  });
});

describe('the first start', () => {
  let password: string;

  it('says what is ready, prints a password once, and a curl line that works as printed', async () => {
    const app = await start();
    const ready = app.log.split('\n').filter((line) => line.startsWith('ready: '));
    expect(ready).toEqual([
      `ready: config-center http://127.0.0.1:${ports.CONFIG_CENTER_PORT}`,
      ...ready.slice(1, 3),
      `ready: gateway-proxy http://127.0.0.1:${ports.GATEWAY_PORT}`,
      'ready: all',
    ]);
    expect(ready.slice(1, 3).sort()).toEqual([
      `ready: mock-llm http://127.0.0.1:${ports.MOCK_LLM_PORT}`,
      `ready: token-count http://127.0.0.1:${ports.TOKEN_SERVICE_PORT}`,
    ]);

    const chat = await bash(lineOf(app, /^ +curl .*chat\/completions/));
    expect(chat.code).toBe(0);
    expect(JSON.parse(chat.stdout)).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant', content: expect.stringMatching(/\w/) } }],
    });

    password = /password\b.*?([A-Za-z0-9_-]{16,})/.exec(lineOf(app, /^bootstrap:/))?.[1] ?? '';
    const login = await bash(lineOf(app, /^ +curl .*auth\/login/).replace('<password>', password));
    expect(JSON.parse(login.stdout)).toMatchObject({ token_type: 'Bearer' });

    expect(processes().length).toBeGreaterThanOrEqual(5);
    expect(await interrupt(app)).toBe(0);
    expect(processes()).toEqual([]);
    for (const port of Object.values(ports)) expect(await isFree(Number(port))).toBe(true);
  });

  it('leaves secrets that only their owner can read', () => {
    const folder = join(dataDir, 'data');
    expect(statSync(folder).mode & 0o077).toBe(0);
    const secrets = readdirSync(folder).filter((name) => /key|credential/.test(name));
    expect(secrets).toContain('master.key');
    for (const name of secrets) expect(statSync(join(folder, name)).mode & 0o077).toBe(0);
  });

  it('is followed by starts that keep configuration and password and print no new one', async () => {
    const first = await start();
    const url = `http://127.0.0.1:${ports.CONFIG_CENTER_PORT}`;
    const admin = await new AdminClient(url).login('admin', password);
    const { headers, revision } = await admin.createTenant('kept', [
      {
        rule_name: 'kept rule',
        rule_type: 'request_limit',
        rule_config: { max_requests_per_minute: 77 },
      },
    ]);
    expect(first.log).not.toContain('bootstrap:');
    const followed = async (): Promise<true | null> => {
      const health = await fetch(`http://127.0.0.1:${ports.GATEWAY_MANAGEMENT_PORT}/health`);
      const { config } = (await health.json()) as { config: { revision: number } };
      return config.revision >= revision ? true : null;
    };
    await eventually('the gateway follows', followed, 1000);
    await interrupt(first);

    const second = await start();
    expect(second.log).not.toContain('bootstrap:');
    const response = await fetch(`http://127.0.0.1:${ports.GATEWAY_PORT}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: '在吗' }] }),
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-ratelimit-limit-requests')).toBe('77');
    await new AdminClient(url).login('admin', password);
  });
});

describe('the same command with a database server and Redis', () => {
  it('runs two gateways that others reach, which ask for API keys and share their counters', async () => {
    const PASSWORD = 'distributed password 1';
    const redis = await startRedis();
    const app = await launch(
      {
        SERVER_HOST: '0.0.0.0',
        DATA_DIR: join(dataDir, 'distributed'),
        DATABASE_URL: await createDatabase(inject('mysqlUrl')),
        REDIS_URL: redis.url,
        BOOTSTRAP_ADMIN_PASSWORD: PASSWORD,
        GATEWAY_PORT: '0',
        GATEWAY_MANAGEMENT_PORT: '0',
      },
      ['--gateways', '2'],
    );
    await app.waitForLine(/^Ctrl-C stops everything/, START_MS);
    const url = `http://127.0.0.1:${ports.CONFIG_CENTER_PORT}`;
    const admin = await new AdminClient(url).login('admin', PASSWORD);
    const { headers } = await admin.createTenant('two', [
      { rule_name: 'two', rule_type: 'request_limit', rule_config: { max_requests_per_minute: 2 } },
    ]);
    const { resource } = await admin.write('POST', '/api/v1/api-keys', { key_name: 'printed' });
    const curl = lineOf(app, /^ +curl .*chat\/completions/);
    const key = String(resource['key']);
    const gateways = ['gateway-1', 'gateway-2'].map(
      (name) => lineOf(app, new RegExp(`^ready: ${name} `)).split(' ')[2] ?? '',
    );
    const authorization = `Bearer ${key}`;
    for (const gateway of gateways) {
      await eventually(`the key is known at ${gateway}`, async () =>
        (await fetch(`${gateway}/v1/models`, { headers: { authorization } })).ok ? true : null,
      );
    }
    const chatted = await bash(curl.replace('<API key>', key));
    expect(JSON.parse(chatted.stdout)).toMatchObject({ object: 'chat.completion' });
    expect((await bash(curl)).stdout).toContain('invalid_api_key');

    const statuses = [];
    for (const gateway of [...gateways, ...gateways]) {
      statuses.push((await chat(gateway, { ...headers, authorization })).status);
    }
    expect(statuses).toEqual([200, 200, 429, 429]);
    expect(await interrupt(app)).toBe(0);
    await redis.stop();
  });
});

describe('the tour of the README', () => {
  const blocks = [...readFileSync(README, 'utf8').matchAll(/```bash tour\n([\s\S]*?)```/g)].map(
    ([, block]) => block ?? '',
  );

  /** The text as it stands, at the ports of this test. */
  function here(text: string): string {
    return PORT_NAMES.reduce(
      (moved, name) => moved.replaceAll(`:${PORTS[name]}`, `:${ports[name]}`),
      text,
    );
  }

  it('ends in a 429 that names the rule and says when to come back', async () => {
    const PASSWORD = 'tour password 1';
    const folder = join(dataDir, 'tour');
    await start({ DATA_DIR: folder, BOOTSTRAP_ADMIN_PASSWORD: PASSWORD });
    expect(blocks.length).toBeGreaterThanOrEqual(3);
    const { stdout, stderr, code } = await bash(here(blocks.join('\n')), { PASSWORD });
    expect([code, stderr]).toEqual([0, '']);
    const answers = stdout.slice(stdout.indexOf('HTTP/1.1')).split(/(?=HTTP\/1\.1 )/);
    expect(answers.map((answer) => answer.slice(9, 12))).toEqual(['201', '200', '200', '429']);
    expect(answers[0]?.toLowerCase()).toContain('x-config-applied: 1/1');
    const [head = '', body = ''] = (answers[3] ?? '').split('\r\n\r\n');
    const headers = new Map(
      head
        .split('\r\n')
        .slice(1)
        .map((line) => [
          line.split(':')[0]?.toLowerCase() ?? '',
          line.slice(line.indexOf(':') + 2),
        ]),
    );
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(headers.get('x-gateway-error')).toBe('F42900');
    expect(headers.get('x-ratelimit-limit-requests')).toBe('2');
    expect(headers.get('x-ratelimit-remaining-requests')).toBe('0');
    expect(headers.get('x-ratelimit-reset-requests')).toMatch(/^(\d+m)?\d+s$/);
    expect(JSON.parse(body)).toMatchObject({
      error: { code: 'F42900', message: expect.stringContaining('two a minute') },
    });
  });
});
