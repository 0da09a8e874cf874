import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigDigest } from './config-digest.js';

describe('ConfigDigest', () => {
  it('is zeros while there is nothing', () => {
    expect(new ConfigDigest().hex).toBe('0'.repeat(32));
  });

  it('tells kinds, ids and values apart', () => {
    const of = (kind: string, id: number, value: unknown): string => {
      const digest = new ConfigDigest();
      digest.set(kind, id, value);
      return digest.hex;
    };
    const all = [of('rule', 1, { a: 1 }), of('rule', 2, { a: 1 }), of('route', 1, { a: 1 })];
    expect(new Set([...all, of('rule', 1, { a: 2 })]).size).toBe(4);
    expect(of('rule', 1, { a: 1, b: 2 })).toBe(of('rule', 1, { b: 2, a: 1 }));
    expect(of('rule', 1, {})).toMatch(/^[0-9a-f]{32}$/);
  });

  it('depends on what there is, not on how it came to be', () => {
    const change = fc.tuple(
      fc.constantFrom('rule', 'route'),
      fc.integer({ min: 1, max: 3 }),
      fc.option(fc.nat(3)),
    );
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const digest = new ConfigDigest();
        const live = new Map<string, [string, number, unknown]>();
        for (const [kind, id, value] of changes) {
          digest.set(kind, id, value);
          live.delete(`${kind}:${id}`);
          if (value !== null) live.set(`${kind}:${id}`, [kind, id, value]);
        }
        const fresh = new ConfigDigest();
        for (const one of [...live.values()].reverse()) fresh.set(...one);
        expect(digest.hex).toBe(fresh.hex);
        digest.clear();
        expect(digest.hex).toBe('0'.repeat(32));
      }),
    );
  });
});
