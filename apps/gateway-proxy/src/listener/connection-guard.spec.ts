import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { trustedProxies } from './client-address.js';
import { ConnectionGuard } from './connection-guard.js';

class FakeSocket extends EventEmitter {
  destroyed = false;

  constructor(readonly remoteAddress: string | undefined) {
    super();
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

const connectTo = (guard: ConnectionGuard, address: string | undefined): FakeSocket => {
  const socket = new FakeSocket(address);
  guard.onConnection(socket as unknown as Socket);
  return socket;
};

describe('the connection guard', () => {
  it('cuts the connection beyond the cap and takes one again when one has closed', () => {
    const guard = new ConnectionGuard(2, null);
    const first = connectTo(guard, '1.1.1.1');
    connectTo(guard, '1.1.1.1');
    expect(connectTo(guard, '1.1.1.1').destroyed).toBe(true);
    expect(connectTo(guard, '2.2.2.2').destroyed).toBe(false);
    first.destroy();
    expect(connectTo(guard, '1.1.1.1').destroyed).toBe(false);
    expect(connectTo(guard, '1.1.1.1').destroyed).toBe(true);
  });

  it('does not cap trusted proxies', () => {
    const guard = new ConnectionGuard(1, trustedProxies(['10.0.0.0/8']));
    connectTo(guard, '::ffff:10.0.0.1');
    expect(connectTo(guard, '::ffff:10.0.0.1').destroyed).toBe(false);
  });

  it('survives a socket that has closed before it is seen', () => {
    const guard = new ConnectionGuard(1, trustedProxies(['10.0.0.0/8']));
    expect(connectTo(guard, undefined).destroyed).toBe(false);
  });
});
