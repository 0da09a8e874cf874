import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SseFilter } from './sse-filter.js';

const withoutUsage = (): SseFilter => new SseFilter(({ data }) => !data.includes('usage'));

function relay(filter: SseFilter, chunks: readonly Buffer[]): string {
  const parts = [...chunks.map((chunk) => filter.push(chunk)), filter.end()];
  return Buffer.concat(parts.filter((part) => typeof part !== 'string')).toString();
}

const STREAM = 'data: {"a":1}\n\n: ping\n\ndata: {"usage":{}}\n\ndata: [DONE]\n\n';
const KEPT = 'data: {"a":1}\n\n: ping\n\ndata: [DONE]\n\n';

describe('SseFilter', () => {
  it('withholds an event and passes all else unchanged, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: STREAM.length })), (cuts) => {
        const ends = [...cuts].sort((a, b) => a - b);
        const bytes = Buffer.from(STREAM);
        const chunks = [...ends, bytes.length].map((end, index) =>
          bytes.subarray(index === 0 ? 0 : ends[index - 1], end),
        );
        expect(relay(withoutUsage(), chunks)).toBe(KEPT);
      }),
    );
  });

  it('passes comments at once, so that heartbeats arrive', () => {
    expect(String(withoutUsage().push(Buffer.from(': ping\n\n')))).toBe(': ping\n\n');
  });

  it('holds an unfinished event back until it is whole', () => {
    const filter = withoutUsage();
    expect(String(filter.push(Buffer.from('data: 1')))).toBe('');
    expect(String(filter.push(Buffer.from('\n\ndata')))).toBe('data: 1\n\n');
    expect(String(filter.end())).toBe('data');
  });

  it('withholds a last event without its blank line', () => {
    expect(relay(withoutUsage(), [Buffer.from('data: 1\n\ndata: usage')])).toBe('data: 1\n\n');
  });

  it('gives up on an event of endless comments', () => {
    const filter = new SseFilter(() => true, 16);
    const results = Array.from({ length: 10 }, () => filter.push(Buffer.from(':1234\n')));
    expect(results.at(-1)).toBe('event_too_large');
  });
});
