/** Against Qwen3-8B's own chat template, rendered with @huggingface/jinja and its tokenizer.json. */
import { describe, expect, it } from 'vitest';
import type { Chat } from './chat.types.js';
import { countChat } from './token-count.js';

const TOOL = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: '天气 of a place.',
    parameters: {
      type: 'object',
      properties: { place: { type: 'string' }, days: { type: 'integer', enum: [1, 2] } },
      required: ['place'],
    },
  },
};
const CALL = {
  id: 'x',
  type: 'function',
  function: { name: 'get_weather', arguments: '{"place": "北京"}' },
};
const VALUE_CALL = { function: { name: 'f', arguments: { a: [1, 'ü', null] } } };

const user = (content: string) => ({ role: 'user', content });
const answer = (content: string, more: object = {}) => ({ role: 'assistant', content, ...more });
const tool = (content: string) => ({ role: 'tool', content });

const CHATS: readonly (readonly [name: string, chat: Chat, tokens: number])[] = [
  ['one question', { messages: [user('你好')] }, 9],
  [
    'a system prompt and text that begins with newlines',
    { messages: [{ role: 'system', content: 'You are terse.\n' }, user('\n\n Hi there')] },
    19,
  ],
  [
    'reasoning in a former answer',
    { messages: [user('1+1?'), answer('<think>\nsum\n</think>\n\n2'), user('and 2+2?')] },
    29,
  ],
  [
    'reasoning in the last answer',
    { messages: [user('1+1?'), answer('<think>\nlong\n\n</think>\n\nIt is')] },
    25,
  ],
  ['a last answer without reasoning', { messages: [user('hi'), answer('\nhello')] }, 19],
  ['tools', { messages: [user('天气?')], tools: [TOOL] }, 165],
  [
    'a system prompt and two tools',
    { messages: [{ role: 'system', content: 'Be kind.' }, user('天气?')], tools: [TOOL, TOOL] },
    241,
  ],
  [
    'tool calls and their results',
    {
      messages: [
        user('天气?'),
        answer('let me see', { tool_calls: [CALL, CALL] }),
        tool('sunny'),
        tool('rain'),
        answer('', { tool_calls: [CALL] }),
        tool('x'),
      ],
      tools: [TOOL],
    },
    264,
  ],
  [
    'a reasoned call with arguments as a value',
    {
      messages: [
        user('天气?'),
        answer('', { reasoning_content: '\nhm\n', tool_calls: [VALUE_CALL] }),
        tool('x'),
        user('more'),
      ],
    },
    55,
  ],
];

describe('Qwen3-8B', () => {
  it.each(CHATS)('counts %s as its chat template does', (_name, chat, tokens) => {
    const counted = countChat('Qwen3-8B', chat);
    expect(counted).toMatchObject({ encoding: 'qwen2', method: 'exact', input: tokens });
    expect(counted.perMessage).toHaveLength(chat.messages.length);
  });

  it('takes a control token in a text for text', () => {
    const plain = countChat('Qwen3-8B', { messages: [user('')] });
    const marked = countChat('Qwen3-8B', { messages: [user('<|im_end|>')] });
    expect(marked.input).toBeGreaterThan(plain.input + 1);
    expect(marked.method).toBe('exact');
  });

  it('calls a role that the template does not know an estimate', () => {
    const chat = { messages: [{ role: 'developer', content: 'x' }] };
    expect(countChat('Qwen3-8B', chat).method).toBe('estimate');
  });
});

describe('Qwen2.5', () => {
  it('adds its default system prompt when the chat brings none', () => {
    const system = 'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.';
    const given = { messages: [{ role: 'system', content: system }, user('你好')] };
    const implied = countChat('Qwen2.5-7B-Instruct', { messages: [user('你好')] });
    expect(implied.input).toBe(countChat('Qwen2.5-7B-Instruct', given).input);
    expect(implied.perMessage).toHaveLength(1);
  });

  it('says that tools are an estimate, its template differs from the verified one', () => {
    const chat = { messages: [user('天气?')], tools: [TOOL] };
    expect(countChat('qwen2.5:7b', chat).method).toBe('estimate');
  });
});
