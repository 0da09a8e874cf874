import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RULE_SCOPES } from '@ai-gateway/contracts';
import { scopeOf, textDigest, type LimitDimensions } from './limit-scope.js';

const nobody: LimitDimensions = {
  apiKeyId: null,
  ip: null,
  user: null,
  model: null,
  routeId: null,
};
const somebody: LimitDimensions = {
  apiKeyId: 12,
  ip: '2001:db8::1',
  user: 'x}:{*\r\n',
  model: 'gpt-4o',
  routeId: 3,
};

describe('the scope of a limit', () => {
  it('is a dash per namespace and the id per key and route', () => {
    expect(scopeOf({ per: 'namespace' }, somebody)).toBe('-');
    expect(scopeOf({ per: 'api_key' }, somebody)).toBe('12');
    expect(scopeOf({ per: 'route' }, somebody)).toBe('3');
  });

  it.each(['ip', 'user', 'model'] as const)('never shows the text of %s', (per) => {
    expect(scopeOf({ per }, somebody)).toMatch(/^[0-9a-f]{16}$/);
  });

  it('counts everybody who lacks the dimension together', () => {
    for (const per of RULE_SCOPES.filter((scope) => scope !== 'namespace')) {
      expect(scopeOf({ per }, nobody)).toBe('none');
    }
  });
});

describe('the digest of a text', () => {
  it('stays the same from version to version', () => {
    expect([textDigest(''), textDigest('alice'), textDigest('渠道')]).toEqual([
      'ab3e7c0bcb1133bf',
      'a7ae706fa2fd51f4',
      '570643b3340f2683',
    ]);
  });

  it('tells similar texts apart', () => {
    const texts = Array.from({ length: 50_000 }, (_, i) => `user-${i}`);
    expect(new Set(texts.map(textDigest)).size).toBe(texts.length);
    const halves = new Set(texts.map((text) => textDigest(text).slice(8)));
    expect(halves.size).toBeGreaterThan(texts.length - 5);
  });

  it('differs for different texts', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        expect(textDigest(a) === textDigest(b)).toBe(a === b);
      }),
    );
  });
});
