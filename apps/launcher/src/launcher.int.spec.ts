/** The built launcher over tiny stand-ins for the real processes. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const MAIN = join(PROJECT, 'dist', 'main.js');
const APPS = ['config-center', 'token-count', 'mock-llm', 'gateway-proxy'];

/** Says it is ready, writes down when it stops, and ends with its parent. */
const STAND_IN = `
  import { appendFileSync } from 'node:fs';
  const name = process.argv[1].split('/').at(-3);
  const note = (what) => appendFileSync(process.env.NOTES, what + ' ' + name + ' ' + process.pid + '\\n');
  note('start');
  process.on('SIGTERM', () => { note('stop'); process.exit(0); });
  process.on('disconnect', () => { note('orphan'); process.exit(0); });
  setInterval(() => undefined, 1000);
  if (name === 'config-center') console.log('bootstrap: admin password 1234');
  console.log(JSON.stringify({ level: 'info', time: Date.now(), msg: 'listening', port: 1 }));
  console.log('ready: ' + name + ' http://127.0.0.1:1');
`;

let dir: string;
let running: Run[] = [];

/** A started launcher and all it printed. */
class Run {
  readonly lines: string[] = [];
  private readonly waiting = new Set<() => void>();

  constructor(readonly process: ChildProcess) {
    for (const output of [process.stdout, process.stderr]) {
      if (output === null) continue;
      createInterface({ input: output }).on('line', (line) => {
        this.lines.push(line);
        for (const check of this.waiting) check();
      });
    }
  }

  line(pattern: RegExp): Promise<string> {
    return new Promise((resolve) => {
      const check = () => {
        const found = this.lines.find((line) => pattern.test(line));
        if (found === undefined) return;
        this.waiting.delete(check);
        resolve(found);
      };
      this.waiting.add(check);
      check();
    });
  }

  async exitCode(): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null)
      await once(this.process, 'close');
    return this.process.exitCode;
  }
}

function launch(env: Record<string, string> = {}, ...argv: string[]): Run {
  const child = spawn(process.execPath, [MAIN, ...argv], {
    cwd: dir,
    env: {
      NOTES: join(dir, 'notes'),
      LAUNCHER_APPS_DIR: join(dir, 'apps'),
      CONFIG_CENTER_PORT: '0',
      GATEWAY_PORT: '0',
      GATEWAY_MANAGEMENT_PORT: '0',
      TOKEN_SERVICE_PORT: '0',
      MOCK_LLM_PORT: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const run = new Run(child);
  running.push(run);
  return run;
}

function writeApp(app: string, script: string): void {
  const folder = join(dir, 'apps', app, 'dist');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'main.js'), script);
}

const notes = (what: string) =>
  readFileSync(join(dir, 'notes'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(`${what} `))
    .map((line) => line.split(' '));
const namesOf = (what: string) => notes(what).map(([, name]) => name);

beforeAll(() => {
  const tsc = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));
  execFileSync(process.execPath, [tsc, '-b', PROJECT]);
});

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'launcher-'));
  for (const app of APPS) writeApp(app, STAND_IN);
});

afterEach(async () => {
  for (const run of running) {
    run.process.kill('SIGTERM');
    await run.exitCode();
  }
  running = [];
  rmSync(dir, { recursive: true });
});

describe('launcher', () => {
  it('names the variable that moves a taken port before it starts anything', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const run = launch({ TOKEN_SERVICE_PORT: String(port) });
    expect(await run.exitCode()).toBe(1);
    expect(run.lines).toEqual([`port ${port} is taken; set TOKEN_SERVICE_PORT to another one`]);
    server.close();
  });

  it('stops the others and names the process that does not start', async () => {
    writeApp('mock-llm', 'process.exit(3)');
    const run = launch();
    expect(await run.exitCode()).toBe(1);
    expect(run.lines.at(-1)).toBe('mock-llm ended at start (3)');
    expect(namesOf('start')).not.toContain('gateway-proxy');
    expect(namesOf('stop')).toContain('config-center');
  });

  it('names a process that never gets ready', async () => {
    writeApp('gateway-proxy', 'setInterval(() => undefined, 1000)');
    const run = launch({ LAUNCHER_START_TIMEOUT_MS: '1500' });
    expect(await run.exitCode()).toBe(1);
    expect(run.lines.at(-1)).toBe('gateway-proxy was not ready within 1500 ms');
  });

  it('starts in order, welcomes, and stops gateways first', async () => {
    const run = launch();
    await run.line(/^Ctrl-C/);
    expect(namesOf('start')[0]).toBe('config-center');
    expect(namesOf('start')[3]).toBe('gateway-proxy');
    expect(run.lines.filter((line) => line.startsWith('ready: '))).toHaveLength(5);
    expect(run.lines).toContain('bootstrap: admin password 1234');
    expect(statSync(join(dir, 'data')).mode & 0o777).toBe(0o700);
    expect(statSync(join(dir, 'data', 'master.key')).mode & 0o777).toBe(0o600);
    run.process.kill('SIGINT');
    expect(await run.exitCode()).toBe(0);
    expect(namesOf('stop')[0]).toBe('gateway-proxy');
    expect(namesOf('stop')[3]).toBe('config-center');
  });

  it('reads .env without overriding what is set', async () => {
    writeFileSync(join(dir, '.env'), 'DATA_DIR=./elsewhere\nNOTES=/nowhere\n');
    const run = launch();
    await run.line(/^ready: all/);
    expect(statSync(join(dir, 'elsewhere', 'master.key')).isFile()).toBe(true);
  });

  it('brings back a process that dies', async () => {
    const run = launch();
    await run.line(/^ready: all/);
    const pid = Number(notes('start').find(([, name]) => name === 'token-count')?.[2]);
    process.kill(pid, 'SIGKILL');
    await run.line(/token-count ended unexpectedly \(SIGKILL\)/);
    await run.line(/token-count is back/);
    expect(namesOf('start').filter((name) => name === 'token-count')).toHaveLength(2);
  });

  it('ends at once on a second signal', async () => {
    writeApp('gateway-proxy', STAND_IN.replace("note('stop'); process.exit(0);", ''));
    const run = launch();
    await run.line(/^ready: all/);
    run.process.kill('SIGINT');
    await run.line(/stopping all processes/);
    run.process.kill('SIGTERM');
    expect(await run.exitCode()).toBe(1);
  });

  it('kills what does not stop in time', async () => {
    writeApp('gateway-proxy', STAND_IN.replace("note('stop'); process.exit(0);", ''));
    const run = launch({ LAUNCHER_STOP_TIMEOUT_MS: '600' });
    await run.line(/^ready: all/);
    run.process.kill('SIGTERM');
    expect(await run.exitCode()).toBe(0);
    expect(run.lines.join('\n')).toContain('gateway-proxy did not stop in time');
    expect(namesOf('stop')).toContain('config-center');
  });

  it('leaves no orphan when it is killed', async () => {
    const run = launch({ REDIS_URL: 'redis://127.0.0.1:1' }, '--gateways', '2');
    await run.line(/^ready: all/);
    expect(run.lines).toContain('ready: gateway-2 http://127.0.0.1:1');
    run.process.kill('SIGKILL');
    await expect.poll(() => namesOf('orphan').length, { timeout: 5_000 }).toBe(5);
  });
});
