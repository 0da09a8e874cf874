import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLlmRequest, type LlmRequest, type RequestRefusal } from './llm-request.js';
import { SURFACES, surfaceAt, type Surface } from './surfaces.js';

function surface(path: string): Surface {
  const found = surfaceAt(path);
  if (found === null) throw new Error(`no surface at ${path}`);
  return found;
}

const CHAT = surface('/v1/chat/completions');
const COMPLETIONS = surface('/v1/completions');
const EMBEDDINGS = surface('/v1/embeddings');
const MESSAGES = surface('/v1/messages');

const hello = [{ role: 'user', content: 'hello' }];
const chat = (fields: object): unknown => ({ model: 'gpt-4o', messages: hello, ...fields });

function accepted(at: Surface, body: unknown): LlmRequest {
  const result = readLlmRequest(at, body);
  if (!result.ok) throw new Error(result.refusal.message);
  return result.request;
}

function refusal(at: Surface, body: unknown): RequestRefusal | null {
  const result = readLlmRequest(at, body);
  return result.ok ? null : result.refusal;
}

const paramOf = (at: Surface, body: unknown): string | null | undefined => refusal(at, body)?.param;

describe('readLlmRequest', () => {
  it.each([null, [], 'x', 1, true, undefined])('refuses the body %j', (body) => {
    expect(refusal(CHAT, body)).toMatchObject({ reason: 'invalid_request', param: null });
  });

  it.each([undefined, null, '', 1, [], ['gpt-4o'], {}, 'm'.repeat(201)])(
    'refuses the model %j',
    (model) => {
      expect(paramOf(CHAT, chat({ model }))).toBe('model');
    },
  );

  it.each(['true', 1, 0, null, {}])('refuses stream %j, on which accounting depends', (stream) => {
    expect(paramOf(CHAT, chat({ stream }))).toBe('stream');
  });

  it.each(['10', -1, 0, 1.5, 1e308, Number.POSITIVE_INFINITY, 2 ** 63, -0, true, [], {}])(
    'refuses max_tokens %j under both names',
    (value) => {
      expect(paramOf(CHAT, chat({ max_tokens: value }))).toBe('max_tokens');
      expect(paramOf(CHAT, chat({ max_completion_tokens: value }))).toBe('max_completion_tokens');
    },
  );

  it.each([
    ['n', 0],
    ['n', 129],
    ['n', '2'],
    ['n', 1.5],
    ['best_of', 1000],
    ['top_logprobs', 1e9],
    ['logprobs', -1],
    ['user', 7],
    ['user', ['a']],
    ['stream_options', 'include_usage'],
    ['stream_options', []],
  ])('refuses %s %j', (field, value) => {
    expect(paramOf(CHAT, chat({ [field]: value }))).toBe(field);
  });

  it.each([
    ['messages', undefined],
    ['messages', []],
    ['messages', 'hello'],
    ['messages', {}],
    ['messages', Array.from({ length: 10_001 }, () => hello[0])],
    ['messages.1', [hello[0], null]],
    ['messages.0', ['hello']],
    ['messages.0', [{ content: 'no role' }]],
    ['messages.0', [{ role: 7, content: 'x' }]],
    ['messages.0', [{ role: 'user', content: 7 }]],
    ['messages.0', [{ role: 'user', content: { text: 'x' } }]],
    ['messages.0', [{ role: 'user', content: ['x'] }]],
    ['messages.0', [{ role: 'user', content: [null] }]],
  ])('refuses %s when it is not what the model API takes', (param, messages) => {
    expect(paramOf(CHAT, chat({ messages }))).toBe(param);
    expect(paramOf(MESSAGES, chat({ messages }))).toBe(param);
  });

  it.each([
    ['prompt', undefined],
    ['prompt', null],
    ['prompt', []],
    ['prompt', {}],
    ['prompt', [{}]],
    ['prompt.1', ['a', 1]],
    ['prompt.1', [1, 'a']],
    ['prompt.1', [1, -1]],
    ['prompt.1', [[1], 'a']],
    ['prompt', Array.from({ length: 2049 }, () => 'a')],
  ])('refuses the %s of a completion when it is neither text nor tokens', (param, prompt) => {
    expect(paramOf(COMPLETIONS, { model: 'm', prompt })).toBe(param);
  });

  it('never quotes the body', () => {
    const secret = 'sk-secret';
    const bodies = [
      chat({ stream: secret }),
      chat({ max_tokens: secret }),
      chat({ messages: secret }),
    ];
    for (const body of bodies) expect(JSON.stringify(refusal(CHAT, body))).not.toContain(secret);
  });

  it('never throws, whatever the JSON', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SURFACES),
        fc.jsonValue(),
        fc.dictionary(
          fc.constantFrom(
            'model',
            'messages',
            'prompt',
            'input',
            'n',
            'metadata',
            'stream_options',
          ),
          fc.jsonValue(),
        ),
        (at, value, fields) => {
          expect(readLlmRequest(at, value)).toHaveProperty('ok');
          expect(readLlmRequest(at, fields)).toHaveProperty('ok');
        },
      ),
    );
  });

  it('reads a chat request with its defaults', () => {
    expect(accepted(CHAT, chat({}))).toEqual({
      model: 'gpt-4o',
      stream: false,
      maxTokens: null,
      n: 1,
      includeUsage: false,
      user: null,
      messageCount: 1,
    });
  });

  it('reads what a chat request asks for', () => {
    const body = chat({
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: null,
      max_completion_tokens: 16,
      n: 3,
      user: 'u1',
      messages: [
        ...hello,
        { role: 'developer', content: [{ type: 'text', text: 'x' }] },
        { role: 'assistant', content: null, tool_calls: [] },
      ],
    });
    expect(accepted(CHAT, body)).toEqual({
      model: 'gpt-4o',
      stream: true,
      maxTokens: 16,
      n: 3,
      includeUsage: true,
      user: 'u1',
      messageCount: 3,
    });
  });

  it('takes the larger output cap when a request names two', () => {
    expect(accepted(CHAT, chat({ max_tokens: 100, max_completion_tokens: 10 })).maxTokens).toBe(
      100,
    );
  });

  it('takes include_usage false or null for no', () => {
    expect(accepted(CHAT, chat({ stream_options: { include_usage: false } })).includeUsage).toBe(
      false,
    );
    expect(accepted(CHAT, chat({ stream_options: { include_usage: null } })).includeUsage).toBe(
      false,
    );
    expect(accepted(CHAT, chat({ stream_options: null })).includeUsage).toBe(false);
  });

  it('counts the answers of completions by prompt', () => {
    const n = (fields: object): number => accepted(COMPLETIONS, { model: 'm', ...fields }).n;
    expect(n({ prompt: 'a' })).toBe(1);
    expect(n({ prompt: ['a', 'b'], n: 2, best_of: 3 })).toBe(6);
    expect(n({ prompt: [1, 2, 3] })).toBe(1);
    expect(n({ prompt: [[1], [2, 3]] })).toBe(2);
  });

  it('reads embeddings, which never stream', () => {
    const request = accepted(EMBEDDINGS, { model: 'm', input: ['a', 'b'], stream: true });
    expect(request).toMatchObject({ stream: false, messageCount: 0 });
  });

  it('reads the user of Anthropic requests from metadata', () => {
    const request = accepted(
      MESSAGES,
      chat({ max_tokens: 5, metadata: { user_id: 'u' }, user: 'x' }),
    );
    expect(request).toMatchObject({ user: 'u', includeUsage: true, maxTokens: 5 });
    expect(paramOf(MESSAGES, chat({ metadata: { user_id: 1 } }))).toBe('metadata.user_id');
  });
});

describe('surfaces', () => {
  it('has one surface per path', () => {
    expect(new Set(SURFACES.map(({ path }) => path)).size).toBe(SURFACES.length);
  });

  it('sends the path of the source documents to chat completions', () => {
    expect(surface('/api/chat')).toMatchObject({
      name: 'chat_completions',
      upstreamPath: '/v1/chat/completions',
    });
  });

  it('knows no other paths', () => {
    for (const path of ['/v1/chat', '/v1/chat/completions/', '__proto__', ''])
      expect(surfaceAt(path)).toBeNull();
  });
});
