import { describe, expect, it } from 'vitest';
import { isLoopbackHost, reachableHost } from './listen-host.js';

describe('a host to listen on', () => {
  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])(
    '%s is for this machine alone',
    (host) => {
      expect(isLoopbackHost(host)).toBe(true);
    },
  );

  it.each(['0.0.0.0', '::', '10.0.0.1', '127.example.com', 'gateway', ''])(
    '%j may be reached by others',
    (host) => {
      expect(isLoopbackHost(host)).toBe(false);
    },
  );

  it.each([
    ['0.0.0.0', '127.0.0.1'],
    ['::', '127.0.0.1'],
    ['::1', '[::1]'],
    ['10.0.0.1', '10.0.0.1'],
  ])('%s is reached from here at %s', (host, reached) => {
    expect(reachableHost(host)).toBe(reached);
  });
});
