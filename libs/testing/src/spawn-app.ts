/** Starts a built app as a process of its own, as an operator would, and waits until it is ready. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { guardProcess } from '@ai-gateway/devkit';

export interface SpawnOptions {
  /** Folder name under `apps/`; its `dist/main.js` runs. */
  name: string;
  /** The whole environment: nothing is inherited. */
  env: Readonly<Record<string, string>>;
  args?: readonly string[];
  /** Options of Node.js itself, for example `--max-old-space-size=64`. */
  nodeArgs?: readonly string[];
  cwd?: string;
  /** Default 20 000. */
  readyTimeoutMs?: number;
}

const READY = /ready:\s*(.*)/;
const MAX_LOG_LINES = 20_000;

export class SpawnedApp {
  private readonly lines: string[] = [];
  private readonly onLine = new Set<(line: string) => void>();
  private readonly exited: Promise<number | null>;
  private exitCode: number | null | undefined;

  /** @internal use `spawnApp` */
  constructor(
    readonly name: string,
    private readonly child: ChildProcess,
  ) {
    const release = child.pid === undefined ? () => undefined : guardProcess({ pid: child.pid });
    this.exited = new Promise((resolve) => {
      const end = (code: number | null): void => {
        release();
        this.exitCode = code;
        resolve(code);
      };
      child.once('exit', end);
      child.once('error', () => end(null));
    });
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (l) => this.record(l));
    }
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.name} did not start`);
    return this.child.pid;
  }

  /** Standard output and error so far, at most the last 20 000 lines. */
  get log(): string {
    return this.lines.join('\n');
  }

  /** Resolves with the first line, past or future, that matches; rejects when the app ends first. */
  async waitForLine(pattern: RegExp, timeoutMs = 20_000): Promise<string> {
    const past = this.lines.find((line) => pattern.test(line));
    if (past !== undefined) return past;
    const waiting = Promise.withResolvers<string>();
    const listener = (line: string): void => {
      if (pattern.test(line)) waiting.resolve(line);
    };
    this.onLine.add(listener);
    const fail = (why: string): void =>
      waiting.reject(new Error(`${this.name} ${why} before ${String(pattern)}:\n${this.log}`));
    const timer = setTimeout(() => fail(`was silent for ${timeoutMs} ms`), timeoutMs);
    void this.exited.then((code) => fail(`ended with ${String(code)}`));
    return waiting.promise.finally(() => {
      clearTimeout(timer);
      this.onLine.delete(listener);
    });
  }

  /** `SIGSTOP` freezes, `SIGCONT` wakes. */
  signal(signal: NodeJS.Signals): void {
    if (this.exitCode === undefined) process.kill(this.pid, signal);
  }

  /** Orderly end; resolves to the exit code, null when a signal ended it. */
  async stop(): Promise<number | null> {
    this.signal('SIGTERM');
    return this.exited;
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }

  /** Resolves to the exit code when the app ends by itself. */
  whenEnded(): Promise<number | null> {
    return this.exited;
  }

  private record(line: string): void {
    this.lines.push(line);
    if (this.lines.length > MAX_LOG_LINES) this.lines.shift();
    for (const listener of this.onLine) listener(line);
  }
}

/** Starts without waiting, for apps that are expected to refuse their settings. */
export async function launchApp(options: SpawnOptions): Promise<SpawnedApp> {
  const main = fileURLToPath(
    new URL(`../../../apps/${options.name}/dist/main.js`, import.meta.url),
  );
  const child = spawn(
    process.execPath,
    [...(options.nodeArgs ?? []), main, ...(options.args ?? [])],
    { env: options.env, cwd: options.cwd, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const app = new SpawnedApp(options.name, child);
  if (child.pid === undefined) await once(child, 'spawn');
  return app;
}

/** @returns the app and what follows `ready:` in its log */
export async function spawnApp(options: SpawnOptions): Promise<{ app: SpawnedApp; ready: string }> {
  const app = await launchApp(options);
  try {
    const line = await app.waitForLine(READY, options.readyTimeoutMs);
    return { app, ready: READY.exec(line)?.[1] ?? '' };
  } catch (error) {
    await app.kill();
    throw error;
  }
}
