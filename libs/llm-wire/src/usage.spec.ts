import { describe, expect, it } from 'vitest';
import { outputTexts } from './output-text.js';
import { UsageReader, isUsageChunk, mayCarryUsage, readUsage } from './usage.js';

const NOTHING = {
  inputTokens: null,
  outputTokens: null,
  cachedInputTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
  audioInputTokens: null,
  audioOutputTokens: null,
  invalid: false,
};

describe('readUsage', () => {
  it.each([
    null,
    undefined,
    'x',
    [],
    {},
    { usage: null },
    { usage: [] },
    { usage: 'x' },
    { usage: {} },
  ])('reads no usage from %j', (answer) => {
    expect(readUsage('openai', answer)).toBeNull();
    expect(readUsage('anthropic', answer)).toBeNull();
  });

  it('tells zero from absent', () => {
    expect(readUsage('openai', { usage: { prompt_tokens: 0, completion_tokens: 0 } })).toEqual({
      ...NOTHING,
      inputTokens: 0,
      outputTokens: 0,
    });
    expect(readUsage('openai', { usage: { completion_tokens: 0 } })).toEqual({
      ...NOTHING,
      outputTokens: 0,
    });
  });

  it.each([-1, '7', 1.5, Number.NaN, true, {}, 1e300])(
    'ignores the figure %j and says so',
    (figure) => {
      expect(
        readUsage('openai', { usage: { prompt_tokens: 5, completion_tokens: figure } }),
      ).toEqual({ ...NOTHING, inputTokens: 5, invalid: true });
    },
  );

  it('reads the details of OpenAI answers', () => {
    const usage = {
      prompt_tokens: 100,
      completion_tokens: 50,
      total_tokens: 150,
      prompt_tokens_details: { cached_tokens: 64, audio_tokens: 3 },
      completion_tokens_details: { reasoning_tokens: 20, audio_tokens: 4 },
    };
    expect(readUsage('openai', { usage })).toEqual({
      ...NOTHING,
      inputTokens: 100,
      outputTokens: 50,
      cachedInputTokens: 64,
      audioInputTokens: 3,
      reasoningTokens: 20,
      audioOutputTokens: 4,
    });
  });

  it('derives the output of embeddings from the total', () => {
    expect(readUsage('openai', { usage: { prompt_tokens: 8, total_tokens: 8 } })).toMatchObject({
      inputTokens: 8,
      outputTokens: 0,
    });
    expect(readUsage('openai', { usage: { prompt_tokens: 8, total_tokens: 7 } })).toMatchObject({
      inputTokens: 8,
      outputTokens: null,
    });
  });

  it('adds the cached input that Anthropic reports apart', () => {
    const usage = {
      input_tokens: 10,
      cache_read_input_tokens: 100,
      cache_creation_input_tokens: 5,
      output_tokens: 7,
    };
    expect(readUsage('anthropic', { usage })).toEqual({
      ...NOTHING,
      inputTokens: 115,
      outputTokens: 7,
      cachedInputTokens: 100,
      cacheWriteTokens: 5,
    });
  });
});

describe('UsageReader', () => {
  it('joins what an Anthropic stream reports at its start and end', () => {
    const reader = new UsageReader('anthropic');
    reader.read({
      type: 'message_start',
      message: { usage: { input_tokens: 25, output_tokens: 1 } },
    });
    expect(reader.usage).toMatchObject({ inputTokens: 25, outputTokens: null });
    reader.read({ type: 'message_delta', delta: {}, usage: { output_tokens: 15 } });
    expect(reader.usage).toMatchObject({ inputTokens: 25, outputTokens: 15 });
  });

  it('lets the last valid figure win', () => {
    const reader = new UsageReader('openai');
    reader.read({ usage: { prompt_tokens: 5, completion_tokens: 1 } });
    reader.read({ usage: null });
    reader.read({ usage: { prompt_tokens: 5, completion_tokens: 9 } });
    reader.read({ usage: { prompt_tokens: 5, completion_tokens: -3 } });
    expect(reader.usage).toMatchObject({ inputTokens: 5, outputTokens: 9, invalid: true });
  });
});

describe('mayCarryUsage', () => {
  it.each([
    ['{"choices":[],"usage":{"prompt_tokens":1}}', true],
    ['{"usage" : \t{"prompt_tokens":1}}', true],
    ['{"usage":null,"x":{"usage":{}}}', true],
    ['{"choices":[],"usage":null}', false],
    ['{"choices":[],"usage": null}', false],
    ['{"content":"\\"usage\\":{"}', false],
    ['{"name":"usage"}', false],
    ['{"content":"usage"', false],
    ['[DONE]', false],
    ['{"usage"', false],
  ])('of %s is %s', (data, expected) => {
    expect(mayCarryUsage(Buffer.from(data))).toBe(expected);
  });
});

describe('isUsageChunk', () => {
  it('is true only of a chunk without choices that has usage', () => {
    expect(isUsageChunk({ choices: [], usage: { prompt_tokens: 1 } })).toBe(true);
    expect(isUsageChunk({ choices: [], usage: null })).toBe(false);
    expect(isUsageChunk({ choices: [{}], usage: { prompt_tokens: 1 } })).toBe(false);
    expect(isUsageChunk({ usage: {} })).toBe(false);
    expect(isUsageChunk(undefined)).toBe(false);
  });
});

describe('outputTexts', () => {
  it.each([
    undefined,
    null,
    [],
    'x',
    { choices: 'x' },
    { choices: [null, 7, {}] },
    { choices: [{ delta: { content: 7, tool_calls: [null, { function: 1 }] } }] },
  ])('finds none in %j', (answer) => {
    expect(outputTexts('openai', answer)).toEqual([]);
    expect(outputTexts('anthropic', answer)).toEqual([]);
  });

  it.each([
    [
      { choices: [{ delta: { content: 'a' } }, { delta: { content: 'b', refusal: 'c' } }] },
      ['a', 'b', 'c'],
    ],
    [{ choices: [{ delta: { reasoning_content: 'r', content: '' } }] }, ['r']],
    [
      {
        choices: [
          { delta: { tool_calls: [{ index: 0, function: { name: 'f', arguments: '{"a"' } }] } },
        ],
      },
      ['f', '{"a"'],
    ],
    [
      { choices: [{ message: { content: 'a', function_call: { name: 'g', arguments: '{}' } } }] },
      ['a', 'g', '{}'],
    ],
    [{ choices: [{ text: 'a' }] }, ['a']],
  ])('finds those of OpenAI answers %#', (answer, texts) => {
    expect(outputTexts('openai', answer)).toEqual(texts);
  });

  it.each([
    [{ type: 'content_block_delta', delta: { type: 'text_delta', text: 'a' } }, ['a']],
    [
      { type: 'content_block_delta', delta: { type: 'input_json_delta', partial_json: '{"x"' } },
      ['{"x"'],
    ],
    [{ type: 'content_block_delta', delta: { type: 'thinking_delta', thinking: 't' } }, ['t']],
    [
      { type: 'content_block_start', content_block: { type: 'tool_use', name: 'f', input: {} } },
      ['f'],
    ],
    [
      {
        content: [
          { type: 'text', text: 'a' },
          { type: 'tool_use', name: 'f', input: { x: 1 } },
        ],
      },
      ['a', 'f', '{"x":1}'],
    ],
    [{ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: {} }, []],
  ])('finds those of Anthropic answers %#', (answer, texts) => {
    expect(outputTexts('anthropic', answer)).toEqual(texts);
  });
});
