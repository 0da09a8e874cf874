import { describe, expect, it } from 'vitest';
import { waitQueryOf } from './wait-query.js';

const of = (query: string) => waitQueryOf({ url: `/api/v1/namespaces${query}` });

describe('?wait=applied', () => {
  it.each([
    '?wait=',
    '?wait=all',
    '?wait=applied&wait=applied',
    '?timeout=5s',
    '?wait=applied&timeout=',
    '?wait=applied&timeout=5',
    '?wait=applied&timeout=-5s',
    '?wait=applied&timeout=1.5s',
    '?wait=applied&timeout=5m',
    '?wait=applied&timeout=99ms',
    '?wait=applied&timeout=61s',
    '?wait=applied&timeout=1s&timeout=2s',
    '?wait=applied&timeout=99999999999s',
  ])('is refused where it cannot be understood: %s', (query) => {
    expect(() => of(query)).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED' }));
  });

  it('is not asked for by other parameters', () => {
    expect([of(''), of('?cascade=true')]).toEqual([null, null]);
  });

  it.each([
    ['?wait=applied', 5_000],
    ['?wait=applied&timeout=500ms', 500],
    ['?cascade=true&timeout=60s&wait=applied', 60_000],
  ])('takes a timeout in seconds or milliseconds: %s', (query, timeoutMs) => {
    expect(of(query)).toEqual({ timeoutMs });
  });
});
