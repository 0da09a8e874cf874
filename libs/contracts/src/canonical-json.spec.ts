import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical-json.js';

describe('canonicalJson', () => {
  it('does not depend on the order of keys, at any depth', () => {
    expect(canonicalJson({ b: [{ y: 1, x: null }], a: 'é"' })).toBe(
      '{"a":"é\\"","b":[{"x":null,"y":1}]}',
    );
  });

  it('leaves out what JSON leaves out', () => {
    expect(canonicalJson({ a: undefined, b: [undefined] })).toBe('{"b":[null]}');
  });

  it('is not exhausted by a value of any depth', () => {
    const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`) as unknown;
    expect(canonicalJson(deep)).toBe(`${'['.repeat(100)}null${']'.repeat(100)}`);
  });

  it('says what JSON.stringify says of any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const asJson = JSON.parse(JSON.stringify(value)) as unknown;
        expect(JSON.parse(canonicalJson(asJson))).toEqual(asJson);
      }),
    );
  });
});
