import { describe, expect, it } from 'vitest';
import { Argon2PasswordHasher, passwordWeakness } from './password-hash.js';

const CHEAP = { memoryCost: 64, timeCost: 1, parallelism: 1 };

describe('a password hash', () => {
  const hasher = new Argon2PasswordHasher(CHEAP);

  it('refuses another password, no stored hash and a password over the cap', async () => {
    const stored = await hasher.hash('correct horse battery');
    expect(await hasher.matches(stored, 'correct horse batterz')).toBe(false);
    expect(await hasher.matches(null, 'nobody has this password')).toBe(false);
    expect(await hasher.matches(stored, 'correct horse battery'.repeat(1000))).toBe(false);
    expect(await hasher.matches(await hasher.hash(''), 'x'.repeat(257))).toBe(false);
  });

  it('is argon2id with the documented cost by default', async () => {
    expect(await new Argon2PasswordHasher().hash('correct horse battery')).toMatch(
      /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/,
    );
  });

  it('takes the same word in composed and decomposed form for one password', async () => {
    const stored = await hasher.hash('Zu\u0308rich ist scho\u0308n');
    expect(await hasher.matches(stored, 'Z\u00fcrich ist sch\u00f6n')).toBe(true);
  });

  it('refuses work beyond its queue instead of growing', async () => {
    const attempts = Array.from({ length: 100 }, () => hasher.matches(null, 'guess'));
    const outcomes = await Promise.allSettled(attempts);
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(36);
    expect(refused[0]?.reason).toMatchObject({ code: 'OVERLOADED' });
    expect(await hasher.matches(null, 'guess')).toBe(false);
  });
});

describe('a new password', () => {
  it.each([
    ['alice-in-wonderland', 'must not contain the user name'],
    ['ALICE-in-wonderland', 'must not contain the user name'],
    ['AI_GATEWAY_REDIS_PASS', 'is a published password'],
    ['aaaaaaaaaaaaaaaa', 'repeats too few characters'],
    ['\ufdfa'.repeat(30), 'too long'],
  ])('%s is refused: %s', (password, reason) => {
    expect(passwordWeakness(password, 'alice')).toBe(reason);
  });

  it('of several words is taken', () => {
    expect(passwordWeakness('correct horse battery', 'alice')).toBeNull();
  });
});
