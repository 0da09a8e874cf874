/** The text that stops other tokenizers: work must grow as the text does, and never overflow. */
import { describe, expect, it } from 'vitest';
import { loadEncoding } from './encoding.registry.js';

const MEGABYTE = 2 ** 20;

const repeatTo = (unit: string, bytes: number) =>
  unit.repeat(Math.floor(bytes / Buffer.byteLength(unit)));

/** Letters and digits as base64 has them, from a generator with a fixed seed. */
function base64Like(length: number): string {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  let state = 12_345;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return digits.charAt((state >> 16) & 63);
  }).join('');
}

const PATHOLOGICAL: Readonly<Record<string, (bytes: number) => string>> = {
  'one letter': (bytes) => repeatTo('a', bytes),
  'one capital': (bytes) => repeatTo('A', bytes),
  'one Chinese character': (bytes) => repeatTo('漢', bytes),
  blanks: (bytes) => repeatTo(' ', bytes),
  newlines: (bytes) => repeatTo('\n', bytes),
  'emoji joined without end': (bytes) => repeatTo('👩\u200d', bytes),
  'combining marks': (bytes) => `a${repeatTo('\u0301', bytes - 1)}`,
  base64: base64Like,
  'a capital after each Chinese character': (bytes) => repeatTo('漢A', bytes),
};

/** Generous, because coverage and a busy machine slow the work down; the claim is about steps. */
const TIMEOUT_MS = 60_000;

describe('a megabyte of', { timeout: TIMEOUT_MS }, () => {
  it.each(Object.entries(PATHOLOGICAL))('%s counts exactly in linear steps', (_kind, textOf) => {
    const text = textOf(MEGABYTE);
    const bytes = Buffer.byteLength(text);
    const encoding = loadEncoding('o200k_base');
    const stepsBefore = encoding.steps;
    const { tokens, exact } = encoding.count(text);
    expect(exact).toBe(true);
    expect(tokens).toBeGreaterThan(0);
    expect(tokens).toBeLessThanOrEqual(bytes);
    // Each byte is merged once as new and at most once more with what follows it.
    expect(encoding.steps - stepsBefore).toBeLessThanOrEqual(3 * bytes);
  });
});

describe('a piece longer than any word', { timeout: TIMEOUT_MS }, () => {
  it('is counted exactly', () => {
    const count = loadEncoding('o200k_base').count('a'.repeat(4 * MEGABYTE + 9));
    expect(count).toEqual({ tokens: MEGABYTE / 2 + 2, exact: true });
  });
});
