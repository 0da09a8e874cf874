/**
 * A TCP proxy that misbehaves on command, between any two of our processes. It works on bytes and
 * knows no protocol. Faults hold per direction, for open and new connections, at once; byte counts
 * are per connection from its first byte. A blackhole keeps the bytes and delivers them when healed,
 * as TCP does after a partition; dropping them would corrupt the stream in a way no network does.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Faults {
  /** Each byte arrives this much later; the rate stays the same. */
  latencyMs?: number;
  bytesPerSecond?: number;
  /** After this many bytes nothing arrives any more, and the connection stays open. */
  blackholeAfterBytes?: number;
  /** After this many bytes both ends see a reset. */
  resetAfterBytes?: number;
  /** After this many bytes the receiver sees the end of the stream; the other direction lives. */
  endAfterBytes?: number;
  /** The byte at this offset arrives with all its bits flipped. */
  corruptByteAt?: number;
}

export type Direction = 'toServer' | 'toClient';

export interface FaultProxyStats {
  /** Connections ever accepted. */
  accepted: number;
  open: number;
  /** Bytes handed on since the start, over all connections. */
  passedBytes: Record<Direction, number>;
  faults: Record<Direction, Faults>;
}

const SILENCE: Faults = { blackholeAfterBytes: 0 };
const MAX_QUEUED_BYTES = 1 << 20;
const SLICES_PER_SECOND = 50;

export class FaultProxy {
  private readonly lanes = new Set<Lane>();
  private readonly sockets = new Set<Socket>();
  private readonly faults: Record<Direction, Faults> = { toServer: {}, toClient: {} };
  private readonly silent = new Set<number>();
  private readonly passed: Record<Direction, number> = { toServer: 0, toClient: 0 };
  private readonly server: Server;
  private accepted = 0;
  private open = 0;

  private constructor(private readonly target: { host: string; port: number }) {
    this.server = createServer({ allowHalfOpen: true }, (client) => this.accept(client));
  }

  /** Listens on 127.0.0.1; port 0: any free one. */
  static async start(
    targetPort: number,
    targetHost = '127.0.0.1',
    listenPort = 0,
  ): Promise<FaultProxy> {
    const proxy = new FaultProxy({ host: targetHost, port: targetPort });
    proxy.server.listen(listenPort, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Connections ever accepted. */
  get connections(): number {
    return this.accepted;
  }

  get stats(): FaultProxyStats {
    const { accepted, open, passed, faults } = this;
    return { accepted, open, passedBytes: { ...passed }, faults: { ...faults } };
  }

  /** Replaces the faults of one direction. */
  set(direction: Direction, faults: Faults): void {
    this.faults[direction] = faults;
    for (const lane of this.lanes) lane.resume();
  }

  /** Both directions go silent, also on open connections. */
  blackhole(): void {
    this.set('toServer', SILENCE);
    this.set('toClient', SILENCE);
  }

  /**
   * One connection goes silent in both directions, the others live. It is named by the port from
   * which the server sees it come, as the server's own list of clients has it.
   */
  silence(portAtServer: number): void {
    this.silent.add(portAtServer);
  }

  heal(): void {
    this.silent.clear();
    this.set('toServer', {});
    this.set('toClient', {});
  }

  /** Every open connection sees a reset. */
  resetAll(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private accept(client: Socket): void {
    this.accepted += 1;
    this.open += 1;
    client.once('close', () => (this.open -= 1));
    const server = connect({ ...this.target, allowHalfOpen: true, noDelay: true });
    client.setNoDelay(true);
    const pair = [client, server];
    for (const socket of pair) {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
      socket.once('error', () => pair.forEach((end) => end.resetAndDestroy()));
    }
    const faultsOf = (direction: Direction) => (): Faults =>
      this.silent.has(server.localPort ?? 0) ? SILENCE : this.faults[direction];
    this.join(client, server, { direction: 'toServer', faults: faultsOf('toServer') });
    this.join(server, client, { direction: 'toClient', faults: faultsOf('toClient') });
  }

  private join(
    from: Socket,
    to: Socket,
    { direction, faults }: { direction: Direction; faults: () => Faults },
  ): void {
    const onPassed = (bytes: number): void => void (this.passed[direction] += bytes);
    const lane = new Lane(from, to, { faults, onPassed });
    this.lanes.add(lane);
    from.once('close', () => this.lanes.delete(lane));
  }
}

interface LaneOptions {
  faults: () => Faults;
  onPassed: (bytes: number) => void;
}

/** One direction of one connection: a delay line that stops at the offset of the next fault. */
class Lane {
  private readonly queue: { bytes: Buffer; arrivedMs: number }[] = [];
  private queuedBytes = 0;
  private passedBytes = 0;
  private sourceEnded = false;
  private draining = false;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly options: LaneOptions,
  ) {
    from.on('data', (bytes: Buffer) => this.take(bytes));
    from.once('end', () => {
      this.sourceEnded = true;
      this.resume();
    });
  }

  resume(): void {
    if (!this.draining) void this.drain();
  }

  private take(bytes: Buffer): void {
    this.queue.push({ bytes, arrivedMs: performance.now() });
    this.queuedBytes += bytes.length;
    if (this.queuedBytes > MAX_QUEUED_BYTES) this.from.pause();
    this.resume();
  }

  private async drain(): Promise<void> {
    this.draining = true;
    while (!this.to.destroyed && !this.stopped() && (await this.forwardNext()));
    this.draining = false;
  }

  /** Acts on a fault whose offset is reached; true when nothing may pass. */
  private stopped(): boolean {
    const { blackholeAfterBytes, resetAfterBytes, endAfterBytes } = this.options.faults();
    const reached = (offset = Infinity): boolean => this.passedBytes >= offset;
    if (reached(resetAfterBytes)) {
      this.from.resetAndDestroy();
      this.to.resetAndDestroy();
    } else if (reached(endAfterBytes)) {
      this.to.end();
    }
    return reached(Math.min(...defined(resetAfterBytes, endAfterBytes, blackholeAfterBytes)));
  }

  private async forwardNext(): Promise<boolean> {
    const head = this.queue[0];
    if (head === undefined) {
      if (this.sourceEnded) this.to.end();
      return false;
    }
    const waitMs = head.arrivedMs + (this.options.faults().latencyMs ?? 0) - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    if (this.stopped()) return false;
    const slice = head.bytes.subarray(0, this.sliceBytes());
    head.bytes = head.bytes.subarray(slice.length);
    if (head.bytes.length === 0) this.queue.shift();
    this.queuedBytes -= slice.length;
    if (this.queuedBytes <= MAX_QUEUED_BYTES) this.from.resume();
    await this.write(slice);
    return true;
  }

  /** Up to the next fault's offset, and small enough to keep the pace even. */
  private sliceBytes(): number {
    const { bytesPerSecond, blackholeAfterBytes, resetAfterBytes, endAfterBytes } =
      this.options.faults();
    const offsets = defined(blackholeAfterBytes, resetAfterBytes, endAfterBytes);
    const pace = bytesPerSecond === undefined ? Infinity : bytesPerSecond / SLICES_PER_SECOND;
    return Math.min(Math.min(...offsets) - this.passedBytes, Math.max(1, Math.floor(pace)));
  }

  private async write(slice: Buffer): Promise<void> {
    const { bytesPerSecond, corruptByteAt } = this.options.faults();
    const corrupt = (corruptByteAt ?? -1) - this.passedBytes;
    if (corrupt >= 0 && corrupt < slice.length) slice[corrupt] = ~(slice[corrupt] ?? 0) & 0xff;
    this.passedBytes += slice.length;
    this.options.onPassed(slice.length);
    if (this.to.destroyed || this.to.writableEnded) return;
    const drained = this.to.write(slice);
    if (bytesPerSecond !== undefined) await sleep((slice.length / bytesPerSecond) * 1000);
    if (!drained) await drainOrClose(this.to);
  }
}

const defined = (...offsets: (number | undefined)[]): number[] =>
  offsets.filter((offset) => offset !== undefined);

function drainOrClose(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.once('drain', done);
    socket.once('close', done);
    if (socket.destroyed) done();
  });
}
