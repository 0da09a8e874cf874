import { describe, expect, it } from 'vitest';
import { WakeLineReader } from './wake-line.reader.js';

function wakesOf(...chunks: string[]): number {
  let wakes = 0;
  const reader = new WakeLineReader(() => (wakes += 1));
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  return wakes;
}

describe('WakeLineReader', () => {
  it('sleeps through heartbeats and other fields', () => {
    expect(wakesOf(': beat\n\n', 'event: data:\n', 'database: x\n', ' data: x\n')).toBe(0);
  });

  it('wakes once per data line however the bytes are cut', () => {
    const text = ': beat\n\ndata: {"epoch":"e","revision":1}\n\ndata:{}\r\n\r\n';
    expect(wakesOf(text)).toBe(2);
    expect(wakesOf(...Array.from(text))).toBe(2);
  });

  it('holds nothing of a line without end', () => {
    expect(wakesOf('x'.repeat(1_000_000), 'data:', '\ndata:')).toBe(1);
  });
});
