/**
 * Chats as the templates of the models render them, written out by hand. `¦` stands for a control
 * token; what is between is text.
 */
import { describe, expect, it } from 'vitest';
import {
  DEEPSEEK_R1,
  DEEPSEEK_V3,
  GEMMA,
  GLM_4,
  LLAMA_3,
  LLAMA_3_1,
  MISTRAL,
} from './chat-templates.js';
import { loadEncoding } from './encoding.registry.js';
import { ModelRules, type ModelRule } from './model-rules.js';
import type { ChatTemplate } from './template-chat.js';
import { countChat } from './token-count.js';

const message = (role: string, content: string) => ({ role, content });
const user = (content: string) => message('user', content);
const CHAT = [
  message('system', 'Be kind.'),
  user(' Hi!\n'),
  message('assistant', 'Hello'),
  user('你好'),
];

const rulesOf = (template: ChatTemplate): ModelRules => {
  const chat = { kind: 'template', published: true, template } as const;
  const rule: ModelRule = { encoding: 'cl100k_base', method: 'exact', factor: 1, chat };
  return new ModelRules([[['m'], rule]], rule);
};

/** Tokens of a rendered chat: each `¦` one, each text between them as it stands. */
function rendered(text: string): number {
  const texts = text.split('¦');
  const encoding = loadEncoding('cl100k_base');
  return texts.reduce((sum, part) => sum + encoding.count(part).tokens, texts.length - 1);
}

const DATES = 'Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n';
const RENDERED: readonly (readonly [string, ChatTemplate, typeof CHAT, string])[] = [
  [
    'Llama 3',
    LLAMA_3,
    CHAT,
    '¦¦system¦\n\nBe kind.¦¦user¦\n\nHi!¦¦assistant¦\n\nHello¦¦user¦\n\n你好¦¦assistant¦\n\n',
  ],
  [
    'Llama 3.1, with a system message',
    LLAMA_3_1,
    CHAT,
    `¦¦system¦\n\n${DATES}Be kind.¦¦user¦\n\nHi!¦¦assistant¦\n\nHello¦¦user¦\n\n你好¦¦assistant¦\n\n`,
  ],
  [
    'Llama 3.1, without',
    LLAMA_3_1,
    [user('Hi')],
    `¦¦system¦\n\n${DATES}¦¦user¦\n\nHi¦¦assistant¦\n\n`,
  ],
  ['DeepSeek V3', DEEPSEEK_V3, CHAT, '¦Be kind.¦ Hi!\n¦Hello¦¦你好¦'],
  ['DeepSeek R1', DEEPSEEK_R1, [user('Hi')], '¦¦Hi¦¦\n'],
  ['Mistral Nemo', MISTRAL, CHAT.slice(1), '¦¦ Hi!\n¦Hello¦¦你好¦'],
  ['GLM-4', GLM_4, CHAT, '¦¦¦\nBe kind.¦\n Hi!\n¦\nHello¦\n你好¦'],
  ['Gemma', GEMMA, [user('Hi')], '¦¦user\nHi¦\n¦model\n'],
];

describe('a template', () => {
  it.each(RENDERED)('of %s counts what it renders', (_name, template, messages, text) => {
    const counted = countChat('m', { messages }, rulesOf(template));
    expect(counted).toMatchObject({ method: 'exact', input: rendered(text) });
    expect(counted.perMessage).toHaveLength(messages.length);
  });

  it('takes what looks like a placeholder for text', () => {
    const of = (content: string) =>
      countChat('m', { messages: [user(content)] }, rulesOf(LLAMA_3)).input;
    expect(of('{content}')).toBe(rendered('¦¦user¦\n\n{content}¦¦assistant¦\n\n'));
    expect(of('$& {role}')).toBe(rendered('¦¦user¦\n\n$& {role}¦¦assistant¦\n\n'));
  });

  it.each([
    ['a role without a frame', MISTRAL, [message('system', 'x'), user('y')]],
    ['a system message in between', DEEPSEEK_V3, [user('y'), message('system', 'x')]],
    ['a tool message', LLAMA_3, [user('y'), message('tool', 'x')]],
  ])('is an estimate for %s', (_what, template, messages) => {
    expect(countChat('m', { messages }, rulesOf(template)).method).toBe('estimate');
  });

  it('counts tools and their calls as text, as an estimate', () => {
    const call = { function: { name: 'f', arguments: '{"a":1}' } };
    const messages = [user('x'), { role: 'assistant', content: '', tool_calls: [call] }];
    const tools = [{ type: 'function', function: { name: 'f' } }];
    const plain = countChat('m', { messages: [user('x')] }, rulesOf(LLAMA_3));
    const counted = countChat('m', { messages, tools }, rulesOf(LLAMA_3));
    expect(counted.method).toBe('estimate');
    expect(counted.tools).toBeGreaterThan(8);
    expect(counted.input - counted.tools).toBeGreaterThan(plain.input + 10);
  });
});
