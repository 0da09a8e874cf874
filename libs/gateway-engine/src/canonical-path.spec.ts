import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalPath } from './canonical-path.js';

describe('paths that are refused', () => {
  it.each([
    '',
    'v1',
    '*',
    '//admin',
    '/v1//models',
    '/v1//',
    '/.',
    '/..',
    '/v1/../admin',
    '/v1/./models',
    '/v1/..',
    '/v1/..;/admin',
    '/v1/.;x=1/admin',
    '/v1/%2e%2e/admin',
    '/v1/%2E./admin',
    '/v1/..%3b/admin',
    '/v1%2fadmin',
    '/v1%2Fadmin',
    '/v1\\admin',
    '/v1%5cadmin',
    '/v1%5Cadmin',
    '/v1%00',
    '/v1%0d%0a',
    '/v1%1f',
    '/v1%7f',
    '/v1\u0000',
    '/v1 x',
    '/v1\u007f',
    '/v1?x',
    '/v1#x',
    '/\u00e4',
    '/漢',
    '/%',
    '/%2',
    '/%zz',
    '/%ff',
    '/%c0%af',
    '/%c0%ae%c0%ae/admin',
    '/%ed%a0%80',
  ])('%j', (path) => {
    expect(canonicalPath(path)).toBeNull();
  });
});

describe('paths that are made canonical', () => {
  it.each([
    ['/', '/'],
    ['/v1/chat/completions', '/v1/chat/completions'],
    ['/V1/Models/', '/V1/Models/'],
    ['/v1/%6dodels', '/v1/models'],
    ['/%41%2d%5f%7E', '/A-_~'],
    ['/a%3Ab%40c', '/a:b@c'],
    ['/a%20b', '/a%20b'],
    ['/%e6%bc%a2', '/%E6%BC%A2'],
    ['/%25', '/%25'],
    ['/%252e%252e/x', '/%252e%252e/x'],
    ['/...', '/...'],
    ['/.well-known/x', '/.well-known/x'],
    ['/a..b', '/a..b'],
    ['/a%3fb', '/a%3Fb'],
    ['/a;v=1/b', '/a;v=1/b'],
  ])('%s is %s', (raw, canonical) => {
    expect(canonicalPath(raw)).toBe(canonical);
  });

  it('are stable, and hold nothing that a server could read as another path', () => {
    const piece = fc.oneof(
      fc.constantFrom('/', '.', '..', '%2e', '%2E', '%2f', '%5c', '%41', '%e4%bd%a0', ';', '%25'),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const path = canonicalPath(`/${pieces.join('')}`);
        if (path === null) return;
        expect(canonicalPath(path)).toBe(path);
        const seen = decodeURIComponent(path.replaceAll('%25', '-'));
        expect(seen).not.toMatch(/\\|\/\/|\/\.{1,2}(?:[/;]|$)|\p{Cc}/u);
        expect(new URL(path, 'http://host').pathname.length).toBeGreaterThanOrEqual(path.length);
      }),
      { numRuns: 1_000 },
    );
  });
});
