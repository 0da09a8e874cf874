import type { CalculateRequest } from '@ai-gateway/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countChat, countRequest, countText } from './token-count.js';
import { upperBoundTokens } from './upper-bound.js';

describe('a request', () => {
  it('with messages answers input, messages and method', () => {
    const messages = [{ role: 'user', content: '你好' }];
    expect(countRequest({ model: 'Qwen3-8B', messages })).toEqual({
      model: 'Qwen3-8B',
      encoding: 'qwen2',
      method: 'exact',
      tokens: { input: 9, per_message: [6] },
    });
  });

  it('with tools tells their share', () => {
    const messages = [{ role: 'user', content: 'hi' }];
    const tools = [{ type: 'function', function: { name: 'f' } }];
    const { tokens } = countRequest({ model: 'gpt-4o', messages, tools });
    expect(tokens.tools).toBe(12 + 7 + 2);
    expect(tokens.input).toBe(8 + (tokens.tools ?? 0));
  });

  it('with a prompt or inputs counts bare text', () => {
    expect(countRequest({ model: 'gpt-4', prompt: 'hello world' })).toEqual({
      model: 'gpt-4',
      encoding: 'cl100k_base',
      method: 'exact',
      tokens: { input: 2 },
    });
    const two = countRequest({ model: 'text-embedding-3-small', input: ['hello', 'world'] });
    expect(two.tokens).toEqual({ input: 2 });
  });

  it('for an unknown model is an estimate', () => {
    expect(countRequest({ model: 'my-model', prompt: 'hello world' })).toEqual({
      model: 'my-model',
      encoding: 'o200k_base',
      method: 'estimate',
      tokens: { input: 2 },
    });
  });

  it('with a special token in it counts its text', () => {
    for (const model of ['gpt-4', 'gpt-4o', 'davinci', 'Qwen3-8B']) {
      expect(countText(model, '<|endoftext|>').tokens).toBeGreaterThan(4);
    }
  });
});

describe('a chat that nobody validated', () => {
  it.each(['gpt-4o', 'Qwen3-8B', 'claude-opus-5', 'my-model'])('never throws with %s', (model) => {
    const field = fc.constantFrom('role', 'content', 'name', 'tool_calls', 'type', 'function');
    const json = fc.jsonValue({ maxDepth: 2 });
    const value = fc.oneof(json, fc.dictionary(field, json, { maxKeys: 4 }));
    const lists = fc.dictionary(field, fc.array(value, { maxLength: 3 }), { maxKeys: 4 });
    const messages = fc.array(fc.oneof(value, lists), { maxLength: 4 });
    const anyTools = fc.array(value, { maxLength: 3 });
    fc.assert(
      fc.property(messages, anyTools, (given, tools) => {
        const chat = { messages: given, tools } as unknown as Parameters<typeof countChat>[1];
        expect(countChat(model, chat).input).toBeGreaterThan(0);
      }),
      { numRuns: 100 },
    );
  });

  it('counts what is not a message as its text', () => {
    const chat = { messages: [null, 7, { role: 3, content: { a: 'text' } }] };
    const counted = countChat('gpt-4o', chat as unknown as Parameters<typeof countChat>[1]);
    expect(counted.perMessage).toHaveLength(3);
    expect(counted.method).toBe('estimate');
  });
});

const content = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }).map((text) => text.normalize('NFC')),
  fc.constantFrom('', '你好', 'a\n\n', '"\\"', '\u0000\u0001'),
);
const message = fc.record({
  role: fc.constantFrom('system', 'user', 'assistant', 'tool', 'developer'),
  content: fc.oneof(content, fc.array(content.map((text) => ({ type: 'text', text })))),
});
const anyTool = fc.oneof(
  fc.constant({ type: 'function', function: { name: 'f', parameters: { enum: [1, 2, 3, 4] } } }),
  fc.record({ type: fc.constant('x'), numbers: fc.array(fc.nat(9), { maxLength: 40 }) }),
);
const body: fc.Arbitrary<CalculateRequest> = fc.record(
  {
    model: fc.constantFrom('gpt-4o', 'gpt-4', 'Qwen3-8B', 'Qwen2.5-7B', 'my-model'),
    messages: fc.array(message, { minLength: 1, maxLength: 5 }),
    tools: fc.array(anyTool, { minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: ['model', 'messages'] },
);

describe('the upper bound', () => {
  it('holds for every request of models whose encoding is known', () => {
    fc.assert(
      fc.property(body, (request) => {
        const bound = upperBoundTokens(
          Buffer.byteLength(JSON.stringify(request)),
          request.messages?.length ?? 0,
          { hasTools: request.tools !== undefined },
        );
        expect(countRequest(request).tokens.input).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 400 },
    );
  });

  it('adds what attachments may cost', () => {
    expect(upperBoundTokens(100, 1, { attachments: 2 })).toBe(upperBoundTokens(100, 1) + 3200);
  });
});
