import { describe, expect, it } from 'vitest';
import { clientAddress, trustedProxies } from './client-address.js';

const trusted = trustedProxies(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', 'fd00::1']);

describe('the client’s address', () => {
  it.each([
    ['an untrusted peer’s header is not believed', '8.8.8.8', '1.1.1.1', '8.8.8.8'],
    ['no header: the peer', '10.0.0.1', undefined, '10.0.0.1'],
    ['one hop', '10.0.0.1', '1.1.1.1', '1.1.1.1'],
    ['what the client wrote itself stands left', '10.0.0.1', '6.6.6.6, 1.1.1.1', '1.1.1.1'],
    ['trusted hops are skipped', '10.0.0.1', '6.6.6.6, 1.1.1.1, 10.2.3.4', '1.1.1.1'],
    ['only trusted hops: the peer', '10.0.0.1', '10.9.9.9', '10.0.0.1'],
    ['what is no address stops the search', '10.0.0.1', '6.6.6.6, unknown', '10.0.0.1'],
    ['an address with port stops it too', '10.0.0.1', '6.6.6.6, 1.1.1.1:5000', '10.0.0.1'],
    [
      'however long the client’s part is',
      '10.0.0.1',
      `${'6.6.6.6, '.repeat(500)}1.1.1.1`,
      '1.1.1.1',
    ],
    ['IPv6', '2001:db8::1', '2a00::5', '2a00::5'],
    ['IPv4 within IPv6', '::ffff:10.0.0.1', '::ffff:1.1.1.1', '1.1.1.1'],
    ['single proxies', '192.0.2.7', '1.1.1.1', '1.1.1.1'],
    ['neighbours of single proxies', '192.0.2.8', '1.1.1.1', '192.0.2.8'],
    ['a closed socket', undefined, '1.1.1.1', ''],
  ])('%s', (_name, peer, header, expected) => {
    expect(clientAddress(peer, header, trusted)).toBe(expected);
  });

  it('is the peer where no proxy is trusted', () => {
    expect(clientAddress('10.0.0.1', '1.1.1.1', trustedProxies([]))).toBe('10.0.0.1');
  });

  it('needs well-formed networks', () => {
    expect(() => trustedProxies(['10.0.0.0/99'])).toThrow();
    expect(() => trustedProxies(['proxy.example'])).toThrow();
  });
});
