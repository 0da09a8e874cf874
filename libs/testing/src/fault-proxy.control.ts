/**
 * The control socket of a fault proxy: one JSON object per line, one answer per line, over TCP on
 * 127.0.0.1. Lines rather than HTTP, so that a shell with `nc` drives it as well as a test in any
 * language. Whoever reaches the port may use it: it belongs on a test machine.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createInterface, type Interface } from 'node:readline';
import type { Direction, FaultProxy, Faults, FaultProxyStats } from './fault-proxy.js';

/**
 * `set` replaces the faults of one direction, `heal` takes all away, `blackhole` silences both
 * directions, `silence` one connection (by its port at the server), `reset` resets what is open, `close` ends the proxy and its control socket.
 */
export type FaultCommand =
  | { do: 'set'; direction: Direction; faults: Faults }
  | { do: 'silence'; port: number }
  | { do: 'heal' | 'blackhole' | 'reset' | 'stats' | 'close' };

export type FaultAnswer = { ok: true; stats: FaultProxyStats } | { ok: false; error: string };

const MAX_LINE_LENGTH = 4096;
const FAULT_NAMES: Record<keyof Faults, true> = {
  latencyMs: true,
  bytesPerSecond: true,
  blackholeAfterBytes: true,
  resetAfterBytes: true,
  endAfterBytes: true,
  corruptByteAt: true,
};

export class FaultProxyControl {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly proxy: FaultProxy) {
    this.server = createServer((socket) => this.serve(socket));
  }

  /** Port 0: any free one. */
  static async start(proxy: FaultProxy, port = 0): Promise<FaultProxyControl> {
    const control = new FaultProxyControl(proxy);
    control.server.listen(port, '127.0.0.1');
    await once(control.server, 'listening');
    return control;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Resolves when the control socket was closed, by a command or from here. */
  async closed(): Promise<void> {
    if (this.server.listening) await once(this.server, 'close');
  }

  async close(): Promise<void> {
    const closed = this.closed();
    this.server.close();
    for (const socket of this.sockets) socket.end();
    await closed;
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    socket.on('error', () => undefined);
    createInterface({ input: socket }).on('line', (line) => {
      const answer = this.answer(line);
      socket.write(`${JSON.stringify(answer.body)}\n`);
      if (answer.isLast) void this.proxy.close().then(() => this.close());
    });
  }

  private answer(line: string): { body: FaultAnswer; isLast: boolean } {
    try {
      const command = commandOf(line);
      this.obey(command);
      return { body: { ok: true, stats: this.proxy.stats }, isLast: command.do === 'close' };
    } catch (error) {
      return { body: { ok: false, error: (error as Error).message }, isLast: false };
    }
  }

  private obey(command: FaultCommand): void {
    if (command.do === 'set') this.proxy.set(command.direction, command.faults);
    if (command.do === 'silence') this.proxy.silence(command.port);
    if (command.do === 'heal') this.proxy.heal();
    if (command.do === 'blackhole') this.proxy.blackhole();
    if (command.do === 'reset') this.proxy.resetAll();
  }
}

/** The other end of a control socket. Commands are answered in their order. */
export class FaultProxyClient {
  private readonly answers: AsyncIterator<string>;

  private constructor(
    private readonly socket: Socket,
    private readonly lines: Interface,
  ) {
    this.answers = lines[Symbol.asyncIterator]();
  }

  static async connect(port: number): Promise<FaultProxyClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new FaultProxyClient(socket, createInterface({ input: socket }));
  }

  set(direction: Direction, faults: Faults): Promise<FaultProxyStats> {
    return this.send({ do: 'set', direction, faults });
  }

  heal(): Promise<FaultProxyStats> {
    return this.send({ do: 'heal' });
  }

  blackhole(): Promise<FaultProxyStats> {
    return this.send({ do: 'blackhole' });
  }

  silence(port: number): Promise<FaultProxyStats> {
    return this.send({ do: 'silence', port });
  }

  resetAll(): Promise<FaultProxyStats> {
    return this.send({ do: 'reset' });
  }

  stats(): Promise<FaultProxyStats> {
    return this.send({ do: 'stats' });
  }

  /** Ends the proxy itself, and with it this connection. */
  async closeProxy(): Promise<void> {
    await this.send({ do: 'close' });
    this.disconnect();
  }

  disconnect(): void {
    this.lines.close();
    this.socket.destroy();
  }

  /** Rejects with what the control socket says is wrong with the command. */
  async send(command: FaultCommand): Promise<FaultProxyStats> {
    this.socket.write(`${JSON.stringify(command)}\n`);
    const line = await this.answers.next();
    if (line.done === true) throw new Error('the control socket was closed');
    const answer = JSON.parse(line.value) as FaultAnswer;
    if (!answer.ok) throw new Error(answer.error);
    return answer.stats;
  }
}

function commandOf(line: string): FaultCommand {
  if (line.length > MAX_LINE_LENGTH) throw new Error('the line is too long');
  const command = JSON.parse(line) as Record<string, unknown> | null;
  switch (command?.['do']) {
    case 'heal':
    case 'blackhole':
    case 'reset':
    case 'stats':
    case 'close':
      return { do: command['do'] };
    case 'silence':
      return { do: 'silence', port: numberOf('port', command['port']) };
    case 'set':
      return { do: 'set', direction: directionOf(command), faults: faultsOf(command) };
    default:
      throw new Error('"do" is set, silence, heal, blackhole, reset, stats or close');
  }
}

function directionOf({ direction }: Record<string, unknown>): Direction {
  if (direction === 'toServer' || direction === 'toClient') return direction;
  throw new Error('"direction" is toServer or toClient');
}

function faultsOf({ faults }: Record<string, unknown>): Faults {
  const entries = Object.entries(faults ?? {}).map(([name, value]) => {
    if (!Object.hasOwn(FAULT_NAMES, name)) throw new Error(`no fault "${name}"`);
    return [name, numberOf(name, value)];
  });
  return Object.fromEntries(entries) as Faults;
}

function numberOf(name: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0) return value;
  throw new Error(`"${name}" takes a number from 0 on`);
}
