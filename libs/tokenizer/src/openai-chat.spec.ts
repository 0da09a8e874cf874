/** Golden values printed in the OpenAI Cookbook, "How to count tokens with tiktoken". */
import { describe, expect, it } from 'vitest';
import { countChat } from './token-count.js';

const system = (content: string, name?: string) => ({
  role: 'system',
  content,
  ...(name === undefined ? {} : { name }),
});

const JARGON = [
  system(
    'You are a helpful, pattern-following assistant that translates corporate jargon into plain English.',
  ),
  system('New synergies will help drive top-line growth.', 'example_user'),
  system('Things working well together will increase revenue.', 'example_assistant'),
  system(
    "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage.",
    'example_user',
  ),
  system("Let's talk later when we're less busy about how to do better.", 'example_assistant'),
  {
    role: 'user',
    content:
      "This late pivot means we don't have time to boil the ocean for the client deliverable.",
  },
];

const WEATHER = [
  system('You are a helpful assistant that can answer to questions about the weather.'),
  { role: 'user', content: "What's the weather like in San Francisco?" },
];
const PROPERTIES = {
  location: { type: 'string', description: 'The city and state, e.g. San Francisco, CA' },
  unit: {
    type: 'string',
    description: 'The unit of temperature to return',
    enum: ['celsius', 'fahrenheit'],
  },
};
const weatherTool = (properties: object) => ({
  type: 'function',
  function: {
    name: 'get_current_weather',
    description: 'Get the current weather in a given location',
    parameters: { type: 'object', properties, required: ['location'] },
  },
});

describe('chat overhead', () => {
  it.each([
    ['gpt-3.5-turbo', 129],
    ['gpt-4', 129],
    ['gpt-4o', 124],
    ['gpt-4o-mini', 124],
  ])('%s counts the published messages as %i tokens', (model, tokens) => {
    const counted = countChat(model, { messages: JARGON });
    expect(counted).toMatchObject({ method: 'exact', input: tokens, tools: 0 });
  });

  it('counts text parts as their texts', () => {
    const parts = [{ type: 'text', text: 'Hello' }];
    const inParts = countChat('gpt-4o', { messages: [{ role: 'user', content: parts }] });
    const whole = countChat('gpt-4o', { messages: [{ role: 'user', content: 'Hello' }] });
    expect(inParts).toEqual(whole);
  });

  it('is an estimate for reasoning models, whose format is not published', () => {
    expect(countChat('gpt-5-mini', { messages: WEATHER }).method).toBe('estimate');
  });
});

describe('tools', () => {
  it.each([
    ['gpt-3.5-turbo', 105],
    ['gpt-4', 105],
    ['gpt-4o', 101],
    ['gpt-4o-mini', 101],
  ])('%s counts the published tool example as %i tokens', (model, tokens) => {
    const counted = countChat(model, { messages: WEATHER, tools: [weatherTool(PROPERTIES)] });
    expect(counted).toMatchObject({ method: 'exact', input: tokens });
  });

  it('with nested parameters cost more and are an estimate', () => {
    const nested = { ...PROPERTIES, days: { type: 'array', items: { type: 'integer' } } };
    const flat = countChat('gpt-4o', { messages: WEATHER, tools: [weatherTool(PROPERTIES)] });
    const deep = countChat('gpt-4o', { messages: WEATHER, tools: [weatherTool(nested)] });
    expect(deep.method).toBe('estimate');
    expect(deep.tools).toBeGreaterThan(flat.tools);
  });

  it.each([
    [{}],
    [{ type: 'web_search' }],
    [{ type: 'function', function: null }],
    [{ type: 'function', function: { name: 'f', parameters: [] } }],
    [{ type: 'function', function: { name: 'f', parameters: { properties: { a: 1 } } } }],
  ])('of an unknown shape are counted as text: %j', (tool) => {
    const counted = countChat('gpt-4o', { messages: WEATHER, tools: [tool] });
    expect(counted.tools).toBeGreaterThan(12);
  });

  it('nested ten thousand levels deep do not overflow', () => {
    let schema: Record<string, unknown> = { type: 'string' };
    for (let level = 0; level < 10_000; level++) schema = { type: 'array', items: schema };
    const chat = { messages: WEATHER, tools: [weatherTool({ deep: schema })] };
    for (const model of ['gpt-4o', 'Qwen3-8B', 'claude-opus-5']) {
      expect(countChat(model, chat).tools).toBeGreaterThan(10_000);
    }
  });

  it('called in a message make the count an estimate', () => {
    const call = { id: '1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } };
    const message = { role: 'assistant', content: null, tool_calls: [call, 7, { id: 2 }] };
    const counted = countChat('gpt-4o', { messages: [message] });
    expect(counted.method).toBe('estimate');
    expect(counted.input).toBeGreaterThan(12);
  });
});

describe('images and attachments', () => {
  const count = (part: { type: string }) =>
    countChat('gpt-4o', { messages: [{ role: 'user', content: [part] }] });
  const empty = countChat('gpt-4o', { messages: [{ role: 'user', content: [] }] }).input;
  const url = 'http://169.254.169.254/latest/meta-data';

  it('count an image by rule, whatever its address says', () => {
    const image = { type: 'image_url', image_url: { url } };
    expect(count(image)).toMatchObject({ method: 'estimate', input: empty + 765 });
  });

  it('count low detail as its fixed size', () => {
    const image = { type: 'image_url', image_url: { url, detail: 'low' } };
    expect(count(image).input).toBe(empty + 85);
    expect(count({ type: 'input_image', detail: 'low' } as { type: string }).input).toBe(
      empty + 85,
    );
  });

  it('count inline audio by its size and not as text', () => {
    const audio = { type: 'input_audio', input_audio: { data: 'A'.repeat(400_000), format: '' } };
    const tokens = count(audio).input - empty;
    expect(tokens).toBeGreaterThan(1000);
    expect(tokens).toBeLessThan(2010);
  });

  it('count an unknown part as its text', () => {
    const part = { type: 'hologram', body: 'a long description of something' };
    expect(count(part)).toMatchObject({ method: 'estimate' });
    expect(count(part).input).toBeGreaterThan(empty + 8);
  });
});
