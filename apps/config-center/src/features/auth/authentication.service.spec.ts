import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogger, newMasterKeyText, parseMasterKey } from '@ai-gateway/node-runtime';
import type { AuditEvent } from '../../platform/audit/audit-trail.js';
import { MemoryUserAccounts } from '../users/user-accounts.memory-repository.js';
import { AccessCheck, type UserPrincipal } from './access-check.js';
import { AccessTokens } from './access-token.js';
import { MemoryAttemptStore } from './attempts.memory-store.js';
import { AuthenticationService } from './authentication.service.js';
import { LoginThrottle } from './login-throttle.js';
import { Argon2PasswordHasher } from '../users/password-hash.js';
import { MemorySessionsRepository } from './sessions.memory-repository.js';
import { createSigningKeys } from './signing-keys.js';

const HOUR = 3_600_000;
const IP = '192.0.2.1';
const PASSWORD = 'correct horse battery';
const logger = createLogger({ name: 'test', level: 'error' });
const hasher = new Argon2PasswordHasher({ memoryCost: 64, timeCost: 1, parallelism: 1 });
const masterKey = parseMasterKey(newMasterKeyText());
const keys = createSigningKeys({ masterKey, jwtPrivateKey: null, jwtSecret: null });

async function world() {
  const clock = { now: Date.parse('2026-11-21T03:00:00.000Z') };
  const nowMs = () => clock.now;
  const accounts = new MemoryUserAccounts();
  const sessions = new MemorySessionsRepository();
  const tokens = new AccessTokens(keys);
  const access = new AccessCheck({ tokens, sessions, accounts, nowMs });
  /** What another process knows: nothing of this one's cache. */
  const peer = new AccessCheck({ tokens, sessions, accounts, nowMs });
  const throttle = new LoginThrottle(new MemoryAttemptStore());
  const events: AuditEvent[] = [];
  const audit = { record: async (event: AuditEvent) => void events.push(event) };
  const deps = { accounts, sessions, tokens, access, hasher, throttle, audit, logger, nowMs };
  const service = new AuthenticationService(deps);
  const userId = accounts.put('alice', 'operator', await hasher.hash(PASSWORD));
  const login = (password = PASSWORD) => service.login({ username: 'alice', password }, IP);
  return { clock, accounts, sessions, access, peer, service, userId, login, events };
}

let scene: Awaited<ReturnType<typeof world>>;
beforeEach(async () => {
  scene = await world();
});

async function principalFor(token: string): Promise<UserPrincipal> {
  const principal = await scene.access.principalOf(token);
  if (!principal) throw new Error('the token holds');
  return principal;
}

describe('a login', () => {
  it('that fails stands on the audit trail, with the user if there is one', async () => {
    const { login, events, service, userId } = scene;
    await expect(login('wrong')).rejects.toThrow();
    await expect(service.login({ username: 'nobody', password: 'x' }, IP)).rejects.toThrow();
    expect(events).toEqual([
      expect.objectContaining({ action: 'login_failed', objectId: userId }),
      expect.objectContaining({ action: 'login_failed', objectId: null }),
    ]);
    expect(JSON.stringify(events)).not.toContain('wrong');
  });

  it('says the same for a wrong password, an unknown and a disabled user', async () => {
    const { service, accounts, userId, login } = scene;
    await expect(login('wrong')).rejects.toMatchObject({ code: 'INVALID_LOGIN', details: [] });
    const nobody = service.login({ username: 'nobody', password: PASSWORD }, IP);
    await expect(nobody).rejects.toMatchObject({ code: 'INVALID_LOGIN', details: [] });
    accounts.change(userId, { active: false });
    await expect(login()).rejects.toMatchObject({ code: 'INVALID_LOGIN', details: [] });
  });

  it('verifies a password also for an unknown user, so time tells nothing', async () => {
    const verified = vi.spyOn(hasher, 'matches');
    await expect(scene.service.login({ username: 'nobody', password: 'x' }, IP)).rejects.toThrow();
    expect(verified.mock.calls).toEqual([[null, 'x']]);
    verified.mockRestore();
  });

  it('is refused after five failures even with the right password, until the window ends', async () => {
    const { clock, login } = scene;
    for (let tries = 0; tries < 5; tries += 1) await expect(login('wrong')).rejects.toThrow();
    await expect(login()).rejects.toMatchObject({
      code: 'TOO_MANY_ATTEMPTS',
      headers: { 'Retry-After': '900' },
    });
    clock.now += 15 * 60_000;
    await expect(login()).resolves.toBeDefined();
  });

  it('with a one-time password is refused when it comes too late', async () => {
    const { clock, accounts, userId, login } = scene;
    accounts.change(userId, { oneTimeUntilMs: clock.now });
    await expect(login()).rejects.toMatchObject({ code: 'INVALID_LOGIN' });
  });

  it('with a one-time password in time makes it last until it is changed', async () => {
    const { clock, accounts, userId, login } = scene;
    accounts.change(userId, { oneTimeUntilMs: clock.now + 1000 });
    await login();
    clock.now += 24 * HOUR;
    await expect(login()).resolves.toBeDefined();
  });

  it('gives an access token that tells who is calling', async () => {
    const { login, userId } = scene;
    const { accessToken, expiresInSec } = await login();
    expect(expiresInSec).toBe(900);
    expect(await scene.access.principalOf(accessToken)).toMatchObject({
      kind: 'user',
      userId,
      username: 'alice',
      roles: ['operator'],
    });
  });
});

describe('an access token', () => {
  it('is over within a second, in every process, when the user is disabled or deleted', async () => {
    for (const end of [
      () => scene.accounts.change(scene.userId, { active: false }),
      () => scene.accounts.remove(scene.userId),
    ]) {
      scene = await world();
      const { accessToken } = await scene.login();
      for (const check of [scene.access, scene.peer]) await check.principalOf(accessToken);
      end();
      scene.clock.now += 1000;
      for (const check of [scene.access, scene.peer]) {
        expect(await check.principalOf(accessToken)).toBeNull();
      }
    }
  });

  it('follows a change of role without a new login', async () => {
    const { accessToken } = await scene.login();
    await principalFor(accessToken);
    scene.accounts.change(scene.userId, { role: 'auditor' });
    scene.clock.now += 1000;
    expect((await principalFor(accessToken)).roles).toEqual(['auditor']);
  });

  it('is over at once here and within a second elsewhere after logout', async () => {
    const { accessToken, refreshToken } = await scene.login();
    await scene.peer.principalOf(accessToken);
    await scene.service.logout(await principalFor(accessToken));
    expect(await scene.access.principalOf(accessToken)).toBeNull();
    scene.clock.now += 1000;
    expect(await scene.peer.principalOf(accessToken)).toBeNull();
    await expect(scene.service.refresh(refreshToken)).rejects.toMatchObject({
      code: 'INVALID_TOKEN',
    });
  });

  it('of another session survives a logout', async () => {
    const [one, other] = [await scene.login(), await scene.login()];
    await scene.service.logout(await principalFor(one.accessToken));
    expect(await scene.access.principalOf(other.accessToken)).not.toBeNull();
  });

  it('is never mistaken for one that begins alike', async () => {
    const { accounts, service, login } = scene;
    accounts.put('bob', 'auditor', await hasher.hash(PASSWORD));
    const alice = await login();
    const bob = await service.login({ username: 'bob', password: PASSWORD }, IP);
    expect(alice.accessToken.slice(0, 60)).toBe(bob.accessToken.slice(0, 60));
    expect((await principalFor(alice.accessToken)).username).toBe('alice');
    expect((await principalFor(bob.accessToken)).username).toBe('bob');
  });
});

describe('a refresh', () => {
  it('is refused for anything that is not a refresh token', async () => {
    const { accessToken, refreshToken } = await scene.login();
    const unknown = '0'.repeat(32) + refreshToken.slice(32);
    for (const text of ['', 'x', accessToken, unknown, `${refreshToken}x`]) {
      await expect(scene.service.refresh(text)).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
    }
  });

  it('with a used token ends the session for both holders', async () => {
    const first = await scene.login();
    const second = await scene.service.refresh(first.refreshToken);
    await expect(scene.service.refresh(first.refreshToken)).rejects.toMatchObject({
      code: 'INVALID_TOKEN',
    });
    await expect(scene.service.refresh(second.refreshToken)).rejects.toMatchObject({
      code: 'INVALID_TOKEN',
    });
    expect(await scene.access.principalOf(second.accessToken)).toBeNull();
  });

  it('is won by one of two that use the same token at once', async () => {
    const { refreshToken } = await scene.login();
    const both = [scene.service.refresh(refreshToken), scene.service.refresh(refreshToken)];
    const outcomes = await Promise.allSettled(both);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('goes on for a week when used every day, not a day when unused', async () => {
    let { refreshToken } = await scene.login();
    for (let days = 0; days < 7; days += 1) {
      scene.clock.now += 23 * HOUR;
      ({ refreshToken } = await scene.service.refresh(refreshToken));
    }
    scene.clock.now += 8 * HOUR;
    await expect(scene.service.refresh(refreshToken)).rejects.toThrow();
    const idle = await scene.login();
    scene.clock.now += 24 * HOUR;
    await expect(scene.service.refresh(idle.refreshToken)).rejects.toThrow();
  });

  it('is refused when the user is disabled', async () => {
    const { refreshToken } = await scene.login();
    scene.accounts.change(scene.userId, { active: false });
    await expect(scene.service.refresh(refreshToken)).rejects.toThrow();
  });
});

describe('a change of password', () => {
  const change = async (old_password: string, new_password: string) => {
    const { accessToken } = await scene.login();
    const principal = await principalFor(accessToken);
    return scene.service.changePassword(principal, { old_password, new_password }, IP);
  };

  it('is refused without the old one and for an unfit new one', async () => {
    await expect(change('wrong', 'another fine password')).rejects.toMatchObject({
      code: 'INVALID_LOGIN',
    });
    for (const unfit of [PASSWORD, 'alice-in-wonderland', 'aaaaaaaaaaaaaa']) {
      await expect(change(PASSWORD, unfit)).rejects.toMatchObject({
        code: 'UNPROCESSABLE',
        details: [{ path: 'new_password' }],
      });
    }
  });

  it('cannot be used to guess the old one without end, nor unseen', async () => {
    const principal = await principalFor((await scene.login()).accessToken);
    const guess = (old_password: string) =>
      scene.service.changePassword(principal, { old_password, new_password: 'another one' }, IP);
    for (let tries = 0; tries < 5; tries += 1) await expect(guess('wrong')).rejects.toThrow();
    const seen = { action: 'password_changed', outcome: 'INVALID_LOGIN' };
    expect(scene.events).toEqual(Array.from({ length: 5 }, () => expect.objectContaining(seen)));
    await expect(guess(PASSWORD)).rejects.toMatchObject({ code: 'TOO_MANY_ATTEMPTS' });
  });

  it('ends every session of the user and makes the new one the only password', async () => {
    const other = await scene.login();
    await change(PASSWORD, 'another fine password');
    expect(await scene.access.principalOf(other.accessToken)).toBeNull();
    await expect(scene.service.refresh(other.refreshToken)).rejects.toThrow();
    await expect(scene.login()).rejects.toMatchObject({ code: 'INVALID_LOGIN' });
    await expect(scene.login('another fine password')).resolves.toBeDefined();
  });
});

describe('who a token belonged to when the store is away', () => {
  it('is known for as long as is allowed, and not longer than the token holds', async () => {
    const { access, clock, login } = scene;
    const { accessToken } = await login();
    expect(access.lastKnown(accessToken, HOUR)).toBeNull();
    await access.principalOf(accessToken);
    clock.now += 600_000;
    expect(access.lastKnown(accessToken, HOUR)).toMatchObject({ username: 'alice' });
    expect(access.lastKnown(accessToken, 600_000)).toBeNull();
    clock.now += 600_000;
    expect(access.lastKnown(accessToken, HOUR)).toBeNull();
  });

  it('survives that the store cannot be asked, and ends when it says no', async () => {
    const { access, clock, login, sessions } = scene;
    const { accessToken } = await login();
    const principal = await principalFor(accessToken);
    clock.now += 2000;
    const find = vi.spyOn(sessions, 'find').mockRejectedValueOnce(new Error('away'));
    await expect(access.principalOf(accessToken)).rejects.toThrow('away');
    find.mockRestore();
    expect(access.lastKnown(accessToken, HOUR)).toEqual(principal);
    await sessions.deleteOfUser(principal.userId);
    expect(await access.principalOf(accessToken)).toBeNull();
    expect(access.lastKnown(accessToken, HOUR)).toBeNull();
  });
});
