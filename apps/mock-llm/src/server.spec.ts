import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import Anthropic from '@anthropic-ai/sdk';
import { createLogger } from '@ai-gateway/node-runtime';
import OpenAI, { APIError, RateLimitError } from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LedgerEntry } from './ledger.js';
import { createMockLlm } from './server.js';
import type { TokenCounter } from './token-counter.js';

/** A token is a word; each message costs one more. */
const wordCounter: TokenCounter = {
  countText: (_model, text) => text.split(/\s+/).filter((word) => word !== '').length,
  countInput(_surface, model, body) {
    const { messages, prompt, input } = body;
    if (!Array.isArray(messages)) return this.countText(model, String(prompt ?? input));
    const contents = messages.map((message: { content: unknown }) => String(message.content));
    return contents.length + this.countText(model, contents.join(' '));
  },
};

const LOGGER = createLogger({ name: 'mock-llm-test', level: 'error' });
const MESSAGES = [{ role: 'user' as const, content: 'one two three' }];

let server: Server;
let base: string;
let openai: OpenAI;
let anthropic: Anthropic;

beforeEach(async () => {
  server = createMockLlm({
    counter: wordCounter,
    maxBodyBytes: 10_000,
    ledgerSize: 50,
    logger: LOGGER,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  openai = new OpenAI({ apiKey: 'sk-test', baseURL: `${base}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: 'sk-test', baseURL: base, maxRetries: 0 });
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

interface LedgerPage {
  in_flight: number;
  peak_in_flight: number;
  received: number;
  items: LedgerEntry[];
}

async function ledger(query = ''): Promise<LedgerPage> {
  const response = await fetch(`${base}/ledger${query}`);
  return (await response.json()) as LedgerPage;
}

/** Waits until the server has closed its book on all requests. */
async function settledEntry(): Promise<LedgerEntry> {
  for (;;) {
    const page = await ledger();
    const entry = page.items.at(-1);
    if (page.in_flight === 0 && entry !== undefined) return entry;
  }
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const post = (
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(base + path, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

const chat = (fields: object = {}, headers: Record<string, string> = {}): Promise<Response> =>
  post('/v1/chat/completions', { model: 'gpt-4o', messages: MESSAGES, ...fields }, headers);

async function errorOf(response: Response): Promise<[status: number, code: string]> {
  const { error } = (await response.json()) as { error: { code: string } };
  return [response.status, error.code];
}

describe('what the server refuses', () => {
  it.each([
    ['', 400, 'invalid_json'],
    ['{', 400, 'invalid_json'],
    ['[]', 400, 'invalid_request'],
    ['{"model":"a","model":"b"}', 400, 'duplicate_key'],
    ['{"model":"a","messages":[]}', 400, 'invalid_request'],
    ['['.repeat(100), 400, 'json_too_deep'],
    [`"${'x'.repeat(20_000)}"`, 413, 'body_too_large'],
  ])('answers the body %#', async (body, status, code) => {
    expect(await errorOf(await post('/v1/chat/completions', body))).toEqual([status, code]);
  });

  it('answers unknown paths and methods in the protocol’s shape', async () => {
    expect(await errorOf(await fetch(`${base}/v1/nothing`))).toEqual([404, 'F40400']);
    expect(await errorOf(await fetch(`${base}/v1/messages`))).toEqual([405, 'method_not_allowed']);
    expect(await errorOf(await post('/ledger', {}))).toEqual([405, 'method_not_allowed']);
  });

  it('refuses script headers it does not know, naming them', async () => {
    for (const headers of [
      { 'x-mock-latncy-ms': '1' },
      { 'x-mock-tokens': '-1' },
      { 'x-mock-usage': 'x' },
    ]) {
      const response = await chat({}, headers as unknown as Record<string, string>);
      expect(response.status).toBe(400);
      expect(await response.text()).toContain(
        Object.keys(headers)[0]?.slice(7).replaceAll('-', '_'),
      );
    }
  });

  it('refuses control scripts that are not valid', async () => {
    const tooLarge = { script: {}, model: 'x'.repeat(20_000) };
    const accepted = await fetch(`${base}/control/script?model=m`, { method: 'DELETE' });
    expect(accepted.status).toBe(200);
    for (const body of [{}, { script: { tokens: 'x' } }, { script: { typo: 1 } }, null, tooLarge]) {
      const response = await fetch(`${base}/control/script`, {
        method: 'PUT',
        body: JSON.stringify(body),
      });
      expect(response.status).toBe(body === tooLarge ? 413 : 400);
    }
  });

  it('refuses to make answers that are too large', async () => {
    const response = await chat({ n: 128 }, { 'x-mock-tokens': '1000000' });
    expect(await errorOf(response)).toEqual([400, 'invalid_request']);
  });

  it('wants max_tokens of Anthropic requests, as Anthropic does', async () => {
    const response = await post('/v1/messages', { model: 'claude', messages: MESSAGES });
    expect(await response.json()).toMatchObject({
      type: 'error',
      error: { type: 'invalid_request_error' },
    });
  });
});

describe('OpenAI’s SDK', () => {
  it('reads a chat answer with counted usage, the same each time', async () => {
    const ask = () => openai.chat.completions.create({ model: 'gpt-4o', messages: MESSAGES });
    const [one, two] = [await ask(), await ask()];
    const text = one.choices[0]?.message.content ?? '';
    const words = wordCounter.countText('', text);
    expect(one.usage).toMatchObject({
      prompt_tokens: 4,
      completion_tokens: words,
      total_tokens: 4 + words,
    });
    expect(one.choices[0]?.finish_reason).toBe('stop');
    expect(two.choices[0]?.message.content).toBe(text);
    expect(await settledEntry()).toMatchObject({
      emitted_tokens: words,
      prompt_tokens: 4,
      outcome: 'completed',
    });
  });

  it('stops at the output cap and says so', async () => {
    const answer = await openai.chat.completions.create({
      model: 'm',
      messages: MESSAGES,
      max_completion_tokens: 5,
      n: 2,
    });
    expect(answer.choices.map(({ finish_reason }) => finish_reason)).toEqual(['length', 'length']);
    expect(answer.usage?.completion_tokens).toBe(10);
    expect(answer.choices[0]?.message.content).not.toBe(answer.choices[1]?.message.content);
  });

  it('reads a stream that ends with usage', async () => {
    const stream = await openai.chat.completions.create(
      { model: 'm', messages: MESSAGES, stream: true, stream_options: { include_usage: true } },
      { headers: { 'x-mock-tokens': '7', 'x-mock-chunk-tokens': '3', 'x-mock-write-bytes': '5' } },
    );
    const chunks = await collect(stream);
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
    expect(wordCounter.countText('', text)).toBe(7);
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 4, completion_tokens: 7 },
    });
    expect(chunks.at(0)?.usage).toBeNull();
    expect(await settledEntry()).toMatchObject({
      emitted_tokens: 7,
      emitted_chunks: 3,
      stream: true,
    });
  });

  it('gets no usage in a stream it did not ask for', async () => {
    const body = await (await chat({ stream: true })).text();
    expect(body).not.toContain('usage');
    expect(body.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('reads completions, embeddings and models', async () => {
    const completion = await openai.completions.create({
      model: 'm',
      prompt: 'a b',
      max_tokens: 3,
    });
    expect(completion.usage).toMatchObject({ prompt_tokens: 2, completion_tokens: 3 });
    const stream = await openai.completions.create({
      model: 'm',
      prompt: 'a',
      max_tokens: 3,
      stream: true,
    });
    expect((await collect(stream)).at(-1)?.choices[0]?.finish_reason).toBe('length');
    const embedding = await openai.embeddings.create({
      model: 'e',
      input: ['a b', 'c'],
      dimensions: 8,
    });
    const vector = embedding.data[0]?.embedding ?? [];
    expect(vector).toHaveLength(8);
    expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    expect(embedding.usage).toEqual({ prompt_tokens: 2, total_tokens: 2 });
    const plain = await post('/v1/embeddings', {
      model: 'e',
      input: 'a',
      dimensions: 4,
      encoding_format: 'float',
    });
    expect(await plain.json()).toMatchObject({ data: [{ embedding: expect.any(Array) }] });
    const models = await openai.models.list();
    expect(models.data.map(({ id }) => id)).toContain('gpt-4o');
  });

  it('raises the scripted error', async () => {
    const options = { headers: { 'x-mock-status': '429', 'x-mock-retry-after': '7' } };
    const failure = await openai.chat.completions
      .create({ model: 'm', messages: MESSAGES }, options)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RateLimitError);
    expect((failure as RateLimitError).headers.get('retry-after')).toBe('7');
    expect(await settledEntry()).toMatchObject({
      status: 429,
      outcome: 'refused',
      emitted_tokens: 0,
    });
  });

  it('raises an error in the stream', async () => {
    const stream = await openai.chat.completions.create(
      { model: 'm', messages: MESSAGES, stream: true },
      { headers: { 'x-mock-error-after': '2' } },
    );
    await expect(collect(stream)).rejects.toBeInstanceOf(APIError);
    expect(await settledEntry()).toMatchObject({ outcome: 'cut', emitted_tokens: 2 });
  });
});

describe('Anthropic’s SDK', () => {
  const body = { model: 'claude-test', max_tokens: 1000, messages: MESSAGES };

  it('reads an answer', async () => {
    const message = await anthropic.messages.create(body);
    expect(message).toMatchObject({ stop_reason: 'end_turn', usage: { input_tokens: 4 } });
    const [block] = message.content;
    expect(block?.type === 'text' && wordCounter.countText('', block.text)).toBe(
      message.usage.output_tokens,
    );
  });

  it('reads a stream', async () => {
    const stream = anthropic.messages.stream({ ...body, max_tokens: 6 });
    const message = await stream.finalMessage();
    expect(message).toMatchObject({
      stop_reason: 'max_tokens',
      usage: { input_tokens: 4, output_tokens: 6 },
    });
  });

  it('raises the scripted error', async () => {
    const failure = anthropic.messages.create(body, { headers: { 'x-mock-status': '529' } });
    await expect(failure).rejects.toMatchObject({
      status: 529,
      error: { error: { type: 'overloaded_error' } },
    });
  });
});

describe('scripts', () => {
  const put = (body: object): Promise<Response> =>
    fetch(`${base}/control/script`, { method: 'PUT', body: JSON.stringify(body) });
  const usageOf = async (headers: Record<string, string>): Promise<unknown> =>
    ((await (await chat({}, { 'x-mock-tokens': '2', ...headers })).json()) as { usage?: unknown })
      .usage;

  it('change what usage is reported, never what the ledger knows', async () => {
    expect(await usageOf({ 'x-mock-usage': 'absent' })).toBeUndefined();
    expect(await usageOf({ 'x-mock-usage': 'zero' })).toMatchObject({ total_tokens: 0 });
    expect(await usageOf({ 'x-mock-usage': 'wrong' })).toMatchObject({ completion_tokens: 20 });
    expect((await ledger()).items.map((entry) => entry.emitted_tokens)).toEqual([2, 2, 2]);
  });

  it('apply from the control API, per model before all models, headers first', async () => {
    await put({ script: { tokens: 1, finish_reason: 'content_filter' } });
    await put({ model: 'gpt-4o', script: { tokens: 2 } });
    const tokens = async (model: string, headers = {}): Promise<unknown> =>
      ((await (await chat({ model }, headers)).json()) as { usage: { completion_tokens: number } })
        .usage.completion_tokens;
    expect(await tokens('other')).toBe(1);
    expect(await tokens('gpt-4o')).toBe(2);
    expect(await tokens('gpt-4o', { 'x-mock-tokens': '3' })).toBe(3);
    await fetch(`${base}/control/script`, { method: 'DELETE' });
    expect(await tokens('other')).toBeGreaterThan(3);
  });

  it('echo the prompt through cuts within characters', async () => {
    const text = '漢字🚀 e\u0301 naïve';
    const messages = [{ role: 'user' as const, content: text }];
    const stream = await openai.chat.completions.create(
      { model: 'm', messages, stream: true },
      { headers: { 'x-mock-mode': 'echo', 'x-mock-write-bytes': '1', 'x-mock-line-end': 'crlf' } },
    );
    const chunks = await collect(stream);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(text);
    const capped = await openai.chat.completions.create(
      { model: 'm', messages, max_completion_tokens: 1 },
      { headers: { 'x-mock-mode': 'echo' } },
    );
    expect(text.startsWith(capped.choices[0]?.message.content ?? 'x')).toBe(true);
    expect(capped.choices[0]?.finish_reason).toBe('length');
  });

  it('echo the text parts of a message and the texts of a prompt', async () => {
    const content = [
      { type: 'text', text: 'a' },
      { type: 'image_url' },
      { type: 'text', text: 'b' },
    ];
    const echo = { 'x-mock-mode': 'echo' };
    const response = await chat({ messages: [{ role: 'user', content }] }, echo);
    expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'a\nb' } }] });
    const completion = await post('/v1/completions', { model: 'm', prompt: ['c'] }, echo);
    expect(await completion.json()).toMatchObject({ choices: [{ text: 'c' }] });
  });

  it('stream a large answer to a slow reader in full', async () => {
    const headers = { 'x-mock-body-bytes': '8000000', 'x-mock-chunk-tokens': '2000' };
    const stream = await openai.chat.completions.create(
      { model: 'm', messages: MESSAGES, stream: true },
      { headers },
    );
    let length = 0;
    for await (const chunk of stream) {
      length += chunk.choices[0]?.delta.content?.length ?? 0;
      await new Promise(setImmediate);
    }
    expect(length).toBe(8_000_000);
  });

  it('fill an answer to a size in bytes', async () => {
    const answer = (await (
      await chat({}, { 'x-mock-body-bytes': '5000' })
    ).json()) as OpenAI.ChatCompletion;
    expect(answer.choices[0]?.message.content).toHaveLength(5000);
  });

  it('reset the connection before the answer, within one, and within a stream', async () => {
    await expect(chat({}, { 'x-mock-reset-after': '0' })).rejects.toThrow('fetch failed');
    const half = await chat({}, { 'x-mock-reset-after': '1' });
    await expect(half.text()).rejects.toThrow('terminated');
    const stream = await chat(
      { stream: true },
      { 'x-mock-reset-after': '2', 'x-mock-chunk-delay-ms': '20' },
    );
    await expect(stream.text()).rejects.toThrow('terminated');
    const { outcome, emitted_tokens, cancelled_at } = await settledEntry();
    expect({ outcome, emitted_tokens, cancelled_at }).toEqual({
      outcome: 'reset',
      emitted_tokens: 2,
      cancelled_at: null,
    });
  });

  it('end a stream without its end', async () => {
    const body = await (await chat({ stream: true }, { 'x-mock-end-after': '1' })).text();
    expect(body).not.toContain('[DONE]');
    expect(body).not.toContain('"finish_reason":"stop"');
    expect((await settledEntry()).outcome).toBe('cut');
  });

  it('redirect when asked to', async () => {
    const response = await fetch(`${base}/v1/chat/completions`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'x-mock-status': '302' },
      body: JSON.stringify({ model: 'm', messages: MESSAGES }),
    });
    expect([response.status, response.headers.get('location')]).toEqual([302, '/v1/models']);
  });
});

describe('the ledger', () => {
  it('records when a client leaves a slow stream', async () => {
    const leaving = new AbortController();
    const stream = await openai.chat.completions.create(
      { model: 'm', messages: MESSAGES, stream: true },
      { headers: { 'x-mock-chunk-delay-ms': '60000' }, signal: leaving.signal },
    );
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content !== '') break;
    leaving.abort();
    const entry = await settledEntry();
    expect(entry).toMatchObject({ outcome: 'cancelled', emitted_tokens: 1 });
    expect(entry.cancelled_at).toEqual(entry.ended_at);
  });

  it('records when a client leaves before its body is whole', async () => {
    const socket = connect(Number(new URL(base).port), '127.0.0.1');
    socket.write('POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{');
    while ((await ledger()).in_flight === 0);
    socket.destroy();
    expect(await settledEntry()).toMatchObject({ outcome: 'cancelled', status: null });
  });

  it('records when a client leaves while it waits', async () => {
    const leaving = new AbortController();
    const response = fetch(`${base}/v1/chat/completions`, {
      method: 'POST',
      signal: leaving.signal,
      headers: { 'x-mock-stall-after': '0' },
      body: JSON.stringify({ model: 'm', messages: MESSAGES }),
    });
    while ((await ledger()).items.at(-1)?.outcome !== 'stalled');
    leaving.abort();
    await expect(response).rejects.toThrow();
    expect(await settledEntry()).toMatchObject({
      outcome: 'stalled',
      emitted_tokens: 0,
      cancelled_at: expect.any(String),
    });
  });

  it('finds a request by its id and shows no header values', async () => {
    const response = await chat(
      {},
      { 'x-request-id': 'req-7', authorization: 'Bearer sk-secret', 'x-extra': 'hidden' },
    );
    expect(response.headers.get('x-request-id')).toBe('req-7');
    await response.text();
    await (await chat()).text();
    const text = await (await fetch(`${base}/ledger?request_id=req-7`)).text();
    expect(text).not.toMatch(/secret|hidden/);
    const { items } = JSON.parse(text) as LedgerPage;
    expect(items).toHaveLength(1);
    expect(items[0]?.credential_fingerprint).toMatch(/^[0-9a-f]{12}$/);
    expect(items[0]?.header_names).toContain('x-extra');
  });

  it('forgets the oldest requests beyond its size, and all when told to', async () => {
    for (let index = 0; index < 110; index++) await (await fetch(`${base}/v1/models`)).text();
    const { items, received } = await ledger();
    expect([items.length, received, items.at(-1)?.seq]).toEqual([50, 110, 110]);
    expect((await ledger('?limit=3')).items).toHaveLength(3);
    await fetch(`${base}/ledger`, { method: 'DELETE' });
    expect((await ledger()).items).toEqual([]);
  });

  it('does not record control requests', async () => {
    await (await fetch(`${base}/livez`)).text();
    expect(await ledger()).toMatchObject({ received: 0, in_flight: 0, items: [] });
  });

  it('knows how many requests were in flight at once', async () => {
    await Promise.all([1, 2, 3].map(() => chat({}, { 'x-mock-latency-ms': '100' })));
    const { peak_in_flight, in_flight } = await ledger();
    expect([peak_in_flight, in_flight]).toEqual([3, 0]);
  });
});
