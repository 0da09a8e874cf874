import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  escapeReferences,
  referencesIn,
  resolveBody,
  resolvePath,
} from './operation-references.js';

const results = [{ id: 7, name: 'rotate', up: '..', inner: { on: true }, list: [] }, null];

describe('references between operations', () => {
  it('keep their type as values and are ids in paths', () => {
    const body = { a: '$0.id', b: ['$0.inner.on'], c: 'x $0.id', d: '$$0.id', e: null };
    const resolved = { a: 7, b: [true], c: 'x $0.id', d: '$0.id', e: null };
    expect(resolveBody(body, results)).toEqual(resolved);
    expect(resolvePath('/x/$0.id/y?z=$0.id', results)).toBe('/x/7/y?z=$0.id');
  });

  it.each(['$1.id', '$2.id', '$0.nothing', '$0.toString', '$0.list.length.x', '$0.__proto__'])(
    'refuse %s',
    (reference) => {
      expect(() => resolveBody(reference, results)).toThrow(
        expect.objectContaining({ code: 'UNPROCESSABLE' }),
      );
    },
  );

  it.each(['$0.inner', '$0.name', '$0.up'])('put only ids into a path, not %s', (reference) => {
    expect(() => resolvePath(`/x/${reference}/y`, results)).toThrow(
      expect.objectContaining({ code: 'UNPROCESSABLE' }),
    );
  });

  it('are found wherever they stand', () => {
    expect(referencesIn({ a: ['$3.id', { b: '$4.id' }], c: '$$5.id' })).toEqual([3, 4]);
  });

  it('are not made of texts that only look like them', () => {
    const text = fc
      .tuple(fc.stringMatching(/^\$*$/), fc.nat(20), fc.stringMatching(/^[.a-z_0-9]*$/))
      .map((parts) => parts.join(''));
    const value = fc.letrec((tie) => ({
      any: fc.oneof(text, fc.string(), fc.array(tie('any')), fc.dictionary(text, tie('any'))),
    })).any;
    fc.assert(
      fc.property(value, (body) => {
        expect(resolveBody(escapeReferences(body), results)).toEqual(body);
      }),
    );
  });
});
