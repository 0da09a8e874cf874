import { describe, expect, it } from 'vitest';
import { MemoryAttemptStore } from './attempts.memory-store.js';
import { addressKey, LoginThrottle } from './login-throttle.js';

const NOW = 1_000_000;
const MINUTE = 60_000;
const stranger = { address: '192.0.2.1', account: '#1', knownAddress: false };

async function exhaust(throttle: LoginThrottle, attempt = stranger, nowMs = NOW) {
  for (let tries = 0; tries < 5; tries += 1) {
    expect(await throttle.begin(attempt, nowMs)).toEqual({ allowed: true });
  }
}

describe('the login throttle', () => {
  it('refuses the sixth try for an account, whatever address it comes from', async () => {
    const throttle = new LoginThrottle(new MemoryAttemptStore());
    for (const host of [1, 2, 3, 4, 5]) {
      const attempt = { ...stranger, address: `192.0.2.${host}` };
      expect(await throttle.begin(attempt, NOW)).toEqual({ allowed: true });
    }
    const sixth = await throttle.begin({ ...stranger, address: '192.0.2.6' }, NOW + MINUTE);
    expect(sixth).toEqual({ allowed: false, retryAfterMs: 14 * MINUTE });
  });

  it('refuses the sixth try from an address, whatever account it is for', async () => {
    const throttle = new LoginThrottle(new MemoryAttemptStore());
    for (const account of ['a', 'b', 'c', 'd', 'e']) {
      expect((await throttle.begin({ ...stranger, account }, NOW)).allowed).toBe(true);
    }
    expect((await throttle.begin({ ...stranger, account: 'f' }, NOW)).allowed).toBe(false);
  });

  it('admits five of a hundred parallel tries', async () => {
    const throttle = new LoginThrottle(new MemoryAttemptStore());
    const tries = Array.from({ length: 100 }, () => throttle.begin(stranger, NOW));
    const allowed = (await Promise.all(tries)).filter((decision) => decision.allowed);
    expect(allowed).toHaveLength(5);
  });

  it('ends the lock with its window, also when tries went on', async () => {
    const throttle = new LoginThrottle(new MemoryAttemptStore());
    await exhaust(throttle);
    expect((await throttle.begin(stranger, NOW + 14 * MINUTE)).allowed).toBe(false);
    expect((await throttle.begin(stranger, NOW + 15 * MINUTE)).allowed).toBe(true);
  });

  it('does not lock an account out where it is signed in already', async () => {
    const throttle = new LoginThrottle(new MemoryAttemptStore());
    await exhaust(throttle);
    const owner = { address: '198.51.100.7', account: '#1', knownAddress: true };
    expect((await throttle.begin({ ...owner, knownAddress: false }, NOW)).allowed).toBe(false);
    expect((await throttle.begin(owner, NOW)).allowed).toBe(true);
  });

  it('counts only failures', async () => {
    const throttle = new LoginThrottle(new MemoryAttemptStore());
    for (let logins = 0; logins < 20; logins += 1) {
      expect((await throttle.begin(stranger, NOW)).allowed).toBe(true);
      await throttle.succeed(stranger);
    }
  });

  it('keeps the failures of an address when one of its logins succeeds', async () => {
    const throttle = new LoginThrottle(new MemoryAttemptStore());
    for (const account of ['a', 'b', 'c', 'd']) await throttle.begin({ ...stranger, account }, NOW);
    await throttle.begin(stranger, NOW);
    await throttle.succeed(stranger);
    expect((await throttle.begin({ ...stranger, account: 'e' }, NOW)).allowed).toBe(true);
    expect((await throttle.begin({ ...stranger, account: 'f' }, NOW)).allowed).toBe(false);
  });
});

describe('an address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:0002::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('%s counts as %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });
});
