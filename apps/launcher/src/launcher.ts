/** Runs the product: checks, starts, welcomes, and stops everything on a signal. */
import { randomBytes } from 'node:crypto';
import {
  isLoopbackHost,
  newMasterKeyText,
  parseMasterKey,
  readOrCreateSecretFile,
} from '@ai-gateway/node-runtime';
import { Fleet } from './fleet.js';
import { planFleet, portClaims, portsFrom, type FleetSecrets } from './fleet.plan.js';
import { claimPorts } from './port.check.js';
import type { LauncherSettings } from './settings.js';
import { SupervisedProcess } from './supervised-process.js';
import type { Terminal } from './terminal.js';
import { welcomeLines } from './welcome.block.js';

/** npm passes Ctrl-C on a second time; only a later one is a person's impatience. */
const ECHO_MS = 500;

export class Launcher {
  private fleet: Fleet | null = null;
  private stopping: { signal: string; sinceMs: number; done: Promise<void> } | null = null;
  private exitCode = 0;

  constructor(
    private readonly settings: LauncherSettings,
    private readonly terminal: Terminal,
  ) {}

  /** Resolves once all are ready, or stopped by a signal before; rejects with none left running. */
  async start(): Promise<void> {
    const { settings, terminal } = this;
    const ports = portsFrom(await claimPorts(portClaims(settings)));
    const stages = planFleet(settings, ports, secretsOf(settings));
    const supervision = { terminal, startTimeoutMs: settings.LAUNCHER_START_TIMEOUT_MS };
    const fleet = new Fleet(
      stages.map((stage) => stage.map((plan) => new SupervisedProcess(plan, supervision))),
    );
    this.fleet = fleet;
    try {
      await fleet.start((name, url) => terminal.line(`ready: ${name} ${url}`));
    } catch (error) {
      const stopped = this.stopping !== null;
      await fleet.stop(settings.LAUNCHER_STOP_TIMEOUT_MS);
      if (stopped) return;
      throw error;
    }
    if (this.stopping !== null) return;
    terminal.line('ready: all');
    for (const line of welcomeLines(settings, ports, fleet.bootstrapLines)) terminal.line(line);
  }

  /**
   * Resolves with the exit code when all children have ended. A second call ends them at once,
   * unless it is the echo of the first.
   */
  async stop(signal: NodeJS.Signals): Promise<number> {
    if (this.stopping === null) {
      this.terminal.log('info', 'stopping all processes; press Ctrl-C again to end them at once');
      const done = this.fleet?.stop(this.settings.LAUNCHER_STOP_TIMEOUT_MS) ?? Promise.resolve();
      this.stopping = { signal, sinceMs: Date.now(), done };
    } else if (signal !== this.stopping.signal || Date.now() - this.stopping.sinceMs > ECHO_MS) {
      this.exitCode = 1;
      this.fleet?.kill();
    }
    await this.stopping.done;
    return this.exitCode;
  }
}

function secretsOf(settings: LauncherSettings): FleetSecrets {
  const masterKey =
    settings.MASTER_KEY ??
    readOrCreateSecretFile(settings.DATA_DIR, 'master.key', newMasterKeyText);
  parseMasterKey(masterKey);
  const serviceCredential = settings.GATEWAY_SERVICE_CREDENTIAL ?? newCredential();
  const tokenServiceCredential =
    settings.TOKEN_SERVICE_CREDENTIAL ??
    (isLoopbackHost(settings.SERVER_HOST) ? undefined : newCredential());
  return { masterKey, serviceCredential, tokenServiceCredential };
}

const newCredential = () => randomBytes(32).toString('base64url');
