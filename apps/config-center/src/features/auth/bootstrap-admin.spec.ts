import { describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../platform/audit/audit-trail.js';
import { MemoryUserAccounts } from '../users/user-accounts.memory-repository.js';
import { bootstrapAdmin } from './bootstrap-admin.js';
import { Argon2PasswordHasher } from '../users/password-hash.js';

const MINUTE = 60_000;
const hasher = new Argon2PasswordHasher({ memoryCost: 64, timeCost: 1, parallelism: 1 });

function world() {
  const clock = { now: 1_000_000 };
  const accounts = new MemoryUserAccounts();
  const lines: string[] = [];
  const events: AuditEvent[] = [];
  const start = (password?: string) =>
    bootstrapAdmin({
      accounts,
      hasher,
      password,
      audit: { record: (event) => Promise.resolve(void events.push(event)) },
      print: (line) => lines.push(line),
      nowMs: () => clock.now,
    });
  const admits = async (password: string) => {
    const account = await accounts.findByName('admin');
    return hasher.matches(account?.passwordHash ?? null, password);
  };
  return { clock, accounts, lines, events, start, admits };
}

const passwordIn = (line = ''): string => line.split(' ')[3] ?? '';

describe('bootstrap', () => {
  it('prints one password for two processes that start together', async () => {
    const { accounts, lines, start, admits } = world();
    await Promise.all([start(), start()]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^bootstrap: admin password [0-9a-f]{32} \(valid 30 minutes, change it at POST \/api\/v1\/auth\/password\)$/,
    );
    expect(await admits(passwordIn(lines[0]))).toBe(true);
    expect(await accounts.findByName('admin')).toMatchObject({ userId: 1, role: 'super_admin' });
  });

  it('stands on the audit trail once, without the password', async () => {
    const { events, start } = world();
    await start('chosen by the operator');
    await start('chosen by the operator');
    expect(events).toEqual([{ action: 'bootstrap', objectType: 'user', objectId: 1 }]);
  });

  it('stays silent when another start follows within a minute', async () => {
    const { clock, lines, start, admits } = world();
    await start();
    clock.now += 0.9 * MINUTE;
    await start();
    expect(lines).toHaveLength(1);
    expect(await admits(passwordIn(lines[0]))).toBe(true);
  });

  it('replaces a password nobody used at a later start, so nobody is locked out', async () => {
    const { clock, lines, start, admits } = world();
    await start();
    clock.now += 45 * MINUTE;
    await Promise.all([start(), start()]);
    expect(lines).toHaveLength(2);
    expect(await admits(passwordIn(lines[0]))).toBe(false);
    expect(await admits(passwordIn(lines[1]))).toBe(true);
  });

  it('never happens again after the first login', async () => {
    const { clock, accounts, lines, start, admits } = world();
    await start();
    await accounts.confirmOneTimePassword(1);
    clock.now += 24 * 60 * MINUTE;
    await start();
    await start('chosen by the operator');
    expect(lines).toHaveLength(1);
    expect(await admits('chosen by the operator')).toBe(false);
  });

  it('takes the password of the operator and prints nothing', async () => {
    const { accounts, lines, start, admits } = world();
    await start('chosen by the operator');
    expect(lines).toEqual([]);
    expect(await admits('chosen by the operator')).toBe(true);
    expect((await accounts.findByName('admin'))?.oneTimeUntilMs).toBeNull();
  });

  it('lets the operator replace a printed password that was never used', async () => {
    const { lines, start, admits } = world();
    await start();
    await start('chosen by the operator');
    expect(lines).toHaveLength(1);
    expect(await admits('chosen by the operator')).toBe(true);
  });
});
