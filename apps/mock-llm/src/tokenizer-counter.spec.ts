import { surfaceAt, type Surface } from '@ai-gateway/llm-wire';
import { describe, expect, it } from 'vitest';
import { answerText } from './answer-text.js';
import { tokenizerCounter as counter } from './tokenizer-counter.js';

const at = (path: string): Surface => surfaceAt(path)!;

const answer = (model: string, tokens: number, maxTokens: number | null = null) =>
  answerText({ model, prompt: 'hello', maxTokens, choice: 0, script: { tokens }, counter });

describe('tokenizerCounter', () => {
  it.each(['gpt-4o', 'gpt-4', 'Qwen3-8B'])(
    'counts as many tokens as %s was told to emit',
    (model) => {
      for (const tokens of [0, 1, 2, 17, 500]) {
        const { pieces, isCut } = answer(model, tokens);
        expect(counter.countText(model, pieces.join(''))).toBe(tokens);
        expect(isCut).toBe(false);
      }
    },
  );

  it('stays within the cap where tokens can only be estimated', () => {
    const { pieces, isCut } = answer('claude-sonnet-4-5', 500, 100);
    const tokens = counter.countText('claude-sonnet-4-5', pieces.join(''));
    expect(tokens).toBeLessThanOrEqual(100);
    expect(tokens).toBeGreaterThan(97);
    expect(isCut).toBe(true);
  });

  it('counts messages with their overhead, system prompts and tools', () => {
    const messages = [{ role: 'user', content: 'hello' }];
    const plain = counter.countInput(at('/v1/chat/completions'), 'gpt-4o', { messages });
    expect(plain).toBe(8);
    const tools = [{ type: 'function', function: { name: 'f', parameters: {} } }];
    const withTools = counter.countInput(at('/v1/chat/completions'), 'gpt-4o', { messages, tools });
    expect(withTools).toBeGreaterThan(plain);
    const bare = counter.countInput(at('/v1/messages'), 'claude-x', { messages });
    const system = counter.countInput(at('/v1/messages'), 'claude-x', {
      messages,
      system: 'Be brief.',
    });
    expect(system).toBeGreaterThan(bare);
  });

  it('counts prompts and inputs, texts or token ids', () => {
    const count = (prompt: unknown): number =>
      counter.countInput(at('/v1/completions'), 'gpt-4o', { prompt });
    expect(count('hello world')).toBe(2);
    expect(count(['hello world', 'hello'])).toBe(3);
    expect(count([1, 2, 3])).toBe(3);
    expect(count([[1, 2], [3]])).toBe(3);
    expect(count(undefined)).toBe(0);
    expect(counter.countInput(at('/v1/embeddings'), 'gpt-4o', { input: 'hello' })).toBe(1);
  });
});
