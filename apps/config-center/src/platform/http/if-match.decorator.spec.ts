import { describe, expect, it } from 'vitest';
import { checkVersion, parseIfMatch } from './if-match.decorator.js';

describe('If-Match', () => {
  it.each([undefined, '', '  '])('is required (%s)', (header) => {
    expect(() => parseIfMatch(header)).toThrow(
      expect.objectContaining({ code: 'VERSION_REQUIRED' }),
    );
  });

  it('reads a star, one version, several and bare numbers', () => {
    expect(parseIfMatch('*')).toBe('*');
    expect(parseIfMatch('"3"')).toEqual([3]);
    expect(parseIfMatch('"3", "4"')).toEqual([3, 4]);
    expect(parseIfMatch('3')).toEqual([3]);
  });

  it.each(['W/"3"', '"abc"', '"-3"'])('matches nothing with %s', (header) => {
    const expected = parseIfMatch(header);
    expect(() => checkVersion(3, expected)).toThrow(
      expect.objectContaining({ code: 'VERSION_MISMATCH', headers: { ETag: '"3"' } }),
    );
  });
});
