import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonField, readJsonPath } from './json-field.js';

describe('a field of a JSON body', () => {
  const body = JSON.parse('{"a":{"b":[10,{"c":null}]},"":1,"__proto__":{"x":2}}') as unknown;

  it.each([
    ['a.b.0', 10],
    ['a.b.1.c', null],
    ['', 1],
    ['__proto__.x', 2],
    ['a.b.length', undefined],
    ['a.b.-1', undefined],
    ['a.b.0.x', undefined],
    ['a..b', undefined],
    ['constructor.name', undefined],
    ['hasOwnProperty', undefined],
  ])('%j is %j', (path, expected) => {
    expect(jsonField(body, path)).toBe(expected);
  });

  it('never throws, whatever the body', () => {
    const steps = fc.array(fc.oneof(fc.constantFrom('a', '0', '__proto__'), fc.string()));
    fc.assert(
      fc.property(fc.anything(), steps, (value, path) => {
        readJsonPath(value, path);
      }),
    );
  });
});
