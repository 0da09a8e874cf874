/** Published counts of platform.claude.com, "Token counting", are lower bounds of the estimate. */
import { describe, expect, it } from 'vitest';
import { countChat, countText } from './token-count.js';

const WEATHER_TOOL = {
  name: 'get_weather',
  description: 'Get the current weather in a given location',
  input_schema: {
    type: 'object',
    properties: {
      location: { type: 'string', description: 'The city and state, e.g. San Francisco, CA' },
    },
    required: ['location'],
  },
};

describe('Claude', () => {
  it('is never counted below the published example of a greeting', () => {
    const messages = [
      { role: 'system', content: 'You are a scientist' },
      { role: 'user', content: 'Hello, Claude' },
    ];
    for (const model of ['claude-3-5-sonnet-latest', 'claude-opus-4-8', 'claude-opus-5']) {
      const counted = countChat(model, { messages });
      expect(counted.method).toBe('estimate');
      expect(counted.input).toBeGreaterThanOrEqual(14);
    }
  });

  it('is never counted below the published example of a tool', () => {
    const messages = [{ role: 'user', content: "What's the weather like in San Francisco?" }];
    const counted = countChat('claude-opus-5', { messages, tools: [WEATHER_TOOL] });
    expect(counted.input).toBeGreaterThanOrEqual(403);
  });

  it('counts tool use and results in messages as their text', () => {
    const use = { type: 'tool_use', id: '1', name: 'get_weather', input: { location: 'Paris' } };
    const result = (content: unknown) => ({ type: 'tool_result', tool_use_id: '1', content });
    const input = (part: { type: string }) =>
      countChat('claude-opus-5', { messages: [{ role: 'user', content: [part] }] }).input;
    expect(input(use)).toBeGreaterThan(20);
    expect(input(result('sunny sunny sunny'))).toBe(
      input(result([{ type: 'text', text: 'sunny sunny sunny' }])),
    );
    expect(input(result([{ type: 'image', source: {} }]))).toBeGreaterThan(1600);
    expect(input(result([1, null, result('x')]))).toBeGreaterThan(input(result('x')));
    expect(input(result(7))).toBeGreaterThan(10);
  });

  it('takes the newer tokenizer for names it does not know', () => {
    const text = 'The same text makes more tokens in the newer tokenizer.';
    const newer = countText('claude-something-new', text).tokens;
    expect(newer).toBeGreaterThan(countText('claude-3-haiku-20240307', text).tokens);
  });
});
