/**
 * One child process: started, awaited until it says `ready: <name> <url>`, restarted with backoff
 * when it dies later, stopped with SIGTERM and in the end SIGKILL.
 *
 * Each child runs in a process group of its own, so that Ctrl-C reaches only the launcher and the
 * order of the shutdown holds. The IPC channel carries no messages: it closes when the launcher
 * dies, however it dies, and the children shut down on that (`Shutdown` in node-runtime).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Environment } from '@ai-gateway/node-runtime';
import type { Terminal } from './terminal.js';

export interface ProcessPlan {
  name: string;
  /** Path of the JavaScript file to run. */
  script: string;
  env: Environment;
}

export interface SupervisionOptions {
  terminal: Terminal;
  startTimeoutMs: number;
  /** First delay before a restart; doubles with each failure. */
  restartDelayMs?: number;
  maxRestarts?: number;
}

class StartError extends Error {
  override readonly name = 'StartError';
}

const RESTART_DELAY_MS = 500;
const MAX_RESTART_DELAY_MS = 10_000;
const MAX_RESTARTS = 10;
/** Up this long, a process counts as healthy again. */
const HEALTHY_MS = 60_000;
const READY = /^ready: \S+ (\S+)$/;

export class SupervisedProcess {
  /** Plain lines that begin with `bootstrap:`. */
  readonly bootstrapLines: string[] = [];
  private child: ChildProcess | null = null;
  private stopping = false;
  private failures = 0;
  private restartTimer: NodeJS.Timeout | null = null;

  constructor(
    readonly plan: ProcessPlan,
    private readonly options: SupervisionOptions,
  ) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Resolves with the URL announced. @throws StartError naming the process */
  async start(): Promise<string> {
    const ready = Promise.withResolvers<string>();
    const child = this.launch(ready.resolve);
    const ended = once(child, 'exit').then(([code, signal]) => {
      throw new StartError(`${this.plan.name} ended at start (${String(signal ?? code)})`);
    });
    const url = await Promise.race([ready.promise, ended, this.tooLate()]);
    const upSinceMs = Date.now();
    child.once('exit', (code, signal) => this.died(upSinceMs, String(signal ?? code)));
    return url;
  }

  /** Resolves when the process has ended; it is killed when `timeoutMs` are over. */
  async stop(timeoutMs: number): Promise<void> {
    this.stopping = true;
    if (this.restartTimer !== null) clearTimeout(this.restartTimer);
    const { child } = this;
    if (child === null || hasEnded(child)) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => {
      this.options.terminal.log('warn', `${this.plan.name} did not stop in time, killing it`);
      child.kill('SIGKILL');
    }, timeoutMs);
    await ended;
    clearTimeout(timer);
  }

  /** At once, without waiting. */
  kill(): void {
    this.stopping = true;
    if (this.restartTimer !== null) clearTimeout(this.restartTimer);
    this.child?.kill('SIGKILL');
  }

  private launch(onReady: (url: string) => void): ChildProcess {
    const child = spawn(process.execPath, [this.plan.script], {
      env: this.plan.env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    this.child = child;
    child.on('error', (error) => this.options.terminal.log('error', error.message));
    this.relay(child.stdout, onReady);
    this.relay(child.stderr, () => undefined);
    return child;
  }

  private relay(output: Readable | null, onReady: (url: string) => void): void {
    if (output === null) return;
    createInterface({ input: output }).on('line', (line) => {
      const url = READY.exec(line)?.[1];
      if (url !== undefined) {
        onReady(url);
        return;
      }
      if (line.startsWith('bootstrap:')) this.bootstrapLines.push(line);
      this.options.terminal.childLine(this.plan.name, line);
    });
  }

  private tooLate(): Promise<never> {
    const { startTimeoutMs } = this.options;
    return new Promise((_resolve, reject) => {
      const error = new StartError(`${this.plan.name} was not ready within ${startTimeoutMs} ms`);
      setTimeout(() => reject(error), startTimeoutMs).unref();
    });
  }

  private died(upSinceMs: number, how: string): void {
    if (this.stopping) return;
    if (Date.now() - upSinceMs > HEALTHY_MS) this.failures = 0;
    this.options.terminal.log('warn', `${this.plan.name} ended unexpectedly (${how})`);
    this.planRestart();
  }

  private planRestart(): void {
    const {
      terminal,
      restartDelayMs = RESTART_DELAY_MS,
      maxRestarts = MAX_RESTARTS,
    } = this.options;
    if (this.failures >= maxRestarts) {
      terminal.log('error', `${this.plan.name} ended ${this.failures + 1} times, giving it up`);
      return;
    }
    const delayMs = Math.min(MAX_RESTART_DELAY_MS, restartDelayMs * 2 ** this.failures);
    this.failures += 1;
    this.restartTimer = setTimeout(() => void this.restart(), delayMs);
  }

  private async restart(): Promise<void> {
    const { terminal } = this.options;
    try {
      const url = await this.start();
      terminal.log('info', `${this.plan.name} is back at ${url}`);
    } catch (error) {
      if (this.stopping) return;
      terminal.log('warn', error instanceof Error ? error.message : String(error));
      this.child?.kill('SIGKILL');
      this.planRestart();
    }
  }
}

const hasEnded = (child: ChildProcess) =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
