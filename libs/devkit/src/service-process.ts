/**
 * One private service for tests: a child process (or container) with its own folder, ready when a
 * probe says so, and guarded so that it cannot outlive us.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { guardProcess } from './process-guard.js';

export interface ServiceLaunch {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Private folder: data, log and configuration; removed at the end. */
  readonly dir: string;
  /** Set when `command` is the Docker client. */
  readonly container?: string;
}

const READY_TIMEOUT_MS = 60_000;
const PROBE_PAUSE_MS = 15;

export const privateFolder = (name: string): string =>
  mkdtempSync(join(tmpdir(), `ai-gateway-${name}-`));

export class ServiceProcess {
  private readonly child: ChildProcess;
  private readonly exited: Promise<void>;
  private hasExited = false;

  constructor(private readonly launch: ServiceLaunch) {
    const log = openSync(join(launch.dir, 'service.log'), 'a');
    this.child = spawn(launch.command, launch.args, {
      detached: true,
      stdio: ['ignore', log, log],
      cwd: launch.dir,
    });
    closeSync(log);
    const { pid } = this.child;
    const release = pid === undefined ? () => undefined : guardProcess({ ...launch, pid });
    this.exited = new Promise((resolve) => {
      const onEnd = (): void => {
        this.hasExited = true;
        release();
        resolve();
      };
      this.child.once('exit', onEnd);
      this.child.once('error', onEnd);
    });
    this.child.unref();
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.launch.name} did not start`);
    return this.child.pid;
  }

  /** `SIGSTOP` freezes the service, `SIGCONT` wakes it, `SIGKILL` is its crash. */
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
    if (this.hasExited) return;
    const { container } = this.launch;
    if (container === undefined) process.kill(this.pid, signal);
    else spawnSync('docker', ['kill', '--signal', signal, container]);
  }

  /** Asks `probe` until it says yes; rejects with the end of the service's log when it ends first. */
  async ready(probe: () => Promise<boolean>): Promise<this> {
    const deadline = Date.now() + READY_TIMEOUT_MS;
    while (!(await probe())) {
      if (this.hasExited || Date.now() > deadline) {
        const log = this.logTail();
        await this.stop();
        throw new Error(`${this.launch.name} did not become ready:\n${log}`);
      }
      await sleep(PROBE_PAUSE_MS);
    }
    return this;
  }

  /** Ends the process at once (the data is disposable); the folder stays for a restart. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.launch.dir, { recursive: true, force: true });
  }

  private logTail(): string {
    return readFileSync(join(this.launch.dir, 'service.log'), 'utf8').slice(-2000);
  }
}

/** Connects to 127.0.0.1:port, writes `greeting` if any, and resolves to the first bytes or null. */
export function firstBytes(port: number, greeting = ''): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const finish = (bytes: Buffer | null): void => {
      socket.destroy();
      resolve(bytes);
    };
    socket.setTimeout(2000, () => finish(null));
    socket.once('connect', () => socket.write(greeting));
    socket.once('data', finish);
    socket.once('error', () => finish(null));
    socket.once('close', () => finish(null));
  });
}
