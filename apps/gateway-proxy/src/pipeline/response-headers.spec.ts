import { describe, expect, it } from 'vitest';
import { durationText, retryHeaders } from './response-headers.js';
import { redactSecrets } from './secret-redaction.js';

describe('headers about limits', () => {
  it.each([
    [0, '0s'],
    [1, '1s'],
    [59_001, '1m0s'],
    [360_000, '6m0s'],
    [7_200_000, '2h0m0s'],
    [86_399_999, '24h0m0s'],
  ])('write %i ms as %s', (milliseconds, text) => {
    expect(durationText(milliseconds)).toBe(text);
  });

  it.each([
    [0, ['retry-after', '1']],
    [1001, ['retry-after', '2']],
    [60_000, ['retry-after', '60']],
    [60_001, ['retry-after', '61', 'x-should-retry', 'false']],
  ])('tell when to retry after %i ms', (milliseconds, headers) => {
    expect(retryHeaders(milliseconds)).toEqual(headers);
  });
});

describe('redaction', () => {
  it.each([
    [
      'our credential, whatever it looks like',
      'bad key: hunter2!',
      'hunter2!',
      'bad key: [redacted]',
    ],
    ['keys by their shape', 'sk-abc…9999 and agw_0123456789', null, '[redacted] and [redacted]'],
    ['nothing else', 'the task-force asks', null, 'the task-force asks'],
  ])('hides %s', (_name, text, credential, expected) => {
    expect(redactSecrets(text, credential)).toBe(expected);
  });
});
