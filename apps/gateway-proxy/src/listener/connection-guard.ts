/** Caps open connections per peer address, so that one host can't take all file descriptors. */
import type { Socket } from 'node:net';
import { isTrusted, type TrustedProxies } from './client-address.js';

export class ConnectionGuard {
  private readonly open = new Map<string, number>();

  /** @param trusted proxies speak for many clients and are not capped */
  constructor(
    private readonly maxPerAddress: number,
    private readonly trusted: TrustedProxies,
  ) {}

  onConnection(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    if (isTrusted(address, this.trusted)) return;
    const count = (this.open.get(address) ?? 0) + 1;
    if (count > this.maxPerAddress) {
      socket.destroy();
      return;
    }
    this.open.set(address, count);
    socket.once('close', () => this.release(address));
  }

  private release(address: string): void {
    const count = (this.open.get(address) ?? 1) - 1;
    if (count > 0) this.open.set(address, count);
    else this.open.delete(address);
  }
}
