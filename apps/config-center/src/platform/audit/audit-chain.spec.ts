import { describe, expect, it } from 'vitest';
import { faultOf, hashOf, type ChainedContent } from './audit-chain.js';
import { shownValue } from './shown-value.js';

const KEY = Buffer.alloc(32, 7);
const START = { seq: 0, hash: '' };

const content = (overrides: Partial<ChainedContent> = {}): ChainedContent => ({
  seq: 1,
  time: new Date('2026-11-21T03:00:00.123Z'),
  actor_id: 1,
  actor_name: 'alice',
  actor_address: '192.0.2.1',
  request_id: 'req-1',
  action: 'update',
  object_type: 'rule',
  object_id: 5,
  outcome: 'done',
  revision: 9,
  before_value: { a: 1, b: [2] },
  after_value: null,
  previous_hash: '',
  ...overrides,
});
const row = (overrides: Partial<ChainedContent> = {}) => {
  const chained = content(overrides);
  return { ...chained, hash: hashOf(KEY, chained) };
};

describe('the audit chain', () => {
  it('accepts rows in order, whatever order the database gives keys in', () => {
    const first = row();
    const second = row({ seq: 2, previous_hash: first.hash });
    expect(faultOf(KEY, { ...first, before_value: { b: [2], a: 1 } }, START)).toBeNull();
    expect(faultOf(KEY, second, first)).toBeNull();
  });

  it('shows an edit of any column', () => {
    const edits: Partial<ChainedContent>[] = [
      { time: new Date('2026-11-21T03:00:00.124Z') },
      { actor_id: 2 },
      { actor_name: 'bob' },
      { actor_address: null },
      { request_id: 'req-2' },
      { action: 'delete' },
      { object_type: 'matcher' },
      { object_id: 6 },
      { outcome: 'FORBIDDEN' },
      { revision: 8 },
      { before_value: { a: 2, b: [2] } },
      { after_value: {} },
    ];
    for (const edit of edits)
      expect(faultOf(KEY, { ...row(), ...edit }, START)).toBe('was changed');
  });

  it('shows a removed row, a reordered one and a chain of another key', () => {
    const first = row();
    const third = row({ seq: 3, previous_hash: 'x' });
    expect(faultOf(KEY, third, first)).toBe('rows after 1 are missing');
    const swapped = row({ seq: 2, previous_hash: 'not the one before' });
    expect(faultOf(KEY, swapped, first)).toBe('does not follow the row before it');
    const forged = { ...content(), hash: hashOf(Buffer.alloc(32, 8), content()) };
    expect(faultOf(KEY, forged, START)).toBe('was changed');
  });
});

describe('a value as it is shown', () => {
  const sealed = (ciphertext: string) => ({
    kid: 'k',
    wrapped_key: 'AAAA',
    wrap_nonce: 'AAAA',
    nonce: 'AAAA',
    ciphertext,
    hint: '…abcd',
  });

  it('has fingerprints for secrets, wherever they stand, and drops what is never shown', () => {
    const shown = shownValue({
      url: 'https://x.example',
      credential: sealed('c2VjcmV0'),
      targets: [{ credential: sealed('b3RoZXI=') }],
      digest: 'd'.repeat(64),
      password_hash: 'argon',
      create_time: new Date(0),
    });
    expect(shown).toMatchObject({
      url: 'https://x.example',
      create_time: new Date(0).toISOString(),
    });
    expect(shown).toHaveProperty('credential.hint', '…abcd');
    expect(shown).toHaveProperty('credential.fingerprint', expect.stringMatching(/^[0-9a-f]{16}$/));
    const text = JSON.stringify(shown);
    for (const secret of ['c2VjcmV0', 'b3RoZXI=', 'dddd', 'argon'])
      expect(text).not.toContain(secret);
  });

  it('tells a changed secret from an unchanged one', () => {
    const a = shownValue({ credential: sealed('AAAA') });
    expect(shownValue({ credential: sealed('AAAA') })).toEqual(a);
    expect(shownValue({ credential: sealed('AAAB') })).not.toEqual(a);
  });
});
