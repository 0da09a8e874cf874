/** Counting with pauses: the same counts as without, whatever the text, and never long at a time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadEncoding } from './encoding.registry.js';
import { countRequest, countRequestInSlices, countText, countTextInSlices } from './token-count.js';

/** Above the length from which texts and pieces are counted in slices. */
const LONG = 20_000;

const LONG_TEXTS: Readonly<Record<string, string>> = {
  'one letter': 'a'.repeat(LONG),
  'one Chinese character': '漢'.repeat(LONG),
  emoji: '👩‍🚀'.repeat(LONG / 4),
  prose: 'The quick brown fox, 1234 times. 你好，世界！\n'.repeat(LONG / 20),
  'a long word between words': `one ${'x'.repeat(LONG)} three`,
  'decomposed letters': 'e\u0301'.repeat(LONG),
};

describe.each(['gpt-4o', 'gpt-4', 'Qwen3-8B', 'claude-sonnet-4'])('counting for %s', (model) => {
  it.each(Object.entries(LONG_TEXTS))('%s gives the same in slices', async (_kind, text) => {
    expect(await countTextInSlices(model, text)).toEqual(countText(model, text));
  });

  it('any chat gives the same in slices', async () => {
    const message = fc.record({
      role: fc.constantFrom('system', 'user', 'assistant', 'tool'),
      content: fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.repeat(300)),
    });
    const chats = fc.array(message, { minLength: 1, maxLength: 5 });
    const tools = [{ type: 'function', function: { name: 'f', description: 'Does it.' } }];
    const isSame = fc.asyncProperty(chats, async (messages) => {
      const request = { model, messages, tools };
      expect(await countRequestInSlices(request)).toEqual(countRequest(request));
    });
    await fc.assert(isSame, { numRuns: 20 });
  });
});

describe('an encoding', () => {
  it.each(Object.entries(LONG_TEXTS))('pauses often within %s', (_kind, text) => {
    const encoding = loadEncoding('o200k_base');
    const counting = encoding.countInSlices([text]);
    let pauses = 0;
    while (counting.next().done !== true) pauses += 1;
    expect(pauses).toBeGreaterThanOrEqual(2);
  });

  it('pauses between many short texts', () => {
    const texts = new Set(Array.from({ length: 5000 }, (_, index) => `text ${index}`));
    const counting = loadEncoding('o200k_base').countInSlices(texts);
    let pauses = 0;
    while (counting.next().done !== true) pauses += 1;
    expect(pauses).toBeGreaterThanOrEqual(5);
  });

  it('counts other texts between two slices', () => {
    const encoding = loadEncoding('o200k_base');
    const counting = encoding.countInSlices(['a'.repeat(LONG)]);
    let slice = counting.next();
    while (slice.done !== true) {
      expect(encoding.count('b'.repeat(300)).tokens).toBe(encoding.encode('b'.repeat(300)).length);
      slice = counting.next();
    }
    expect([...slice.value.values()]).toEqual([{ tokens: LONG / 8, exact: true }]);
  });
});
