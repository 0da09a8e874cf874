/** The service over HTTP on a free loopback port. */
import { calculateResponseSchema } from '@ai-gateway/contracts';
import { describe, expect, it } from 'vitest';
import { ask, post, serve } from './served-app.contract.js';

const CREDENTIAL = 'a-credential-of-our-own';

describe('POST /calculate', () => {
  const url = serve();

  it('counts the documented example exactly', async () => {
    const { status, body } = await post(url(), ask('你好', 'Qwen3-8B'));
    expect(status).toBe(200);
    expect(calculateResponseSchema.parse(body)).toEqual({
      model: 'Qwen3-8B',
      encoding: 'qwen2',
      method: 'exact',
      tokens: { input: 9, per_message: [6] },
    });
  });

  it('counts prompts and embedding inputs', async () => {
    const prompt = await post(url(), { model: 'gpt-4', prompt: 'hello world' });
    expect(prompt.body).toMatchObject({ method: 'exact', tokens: { input: 2 } });
    const input = await post(url(), { model: 'gpt-4', input: ['hello', 'world', ''] });
    expect(input.body).toMatchObject({ tokens: { input: 2 } });
  });

  it('estimates an unknown model with the default encoding and says so', async () => {
    const { status, body } = await post(url(), ask('hello', 'my-model'));
    expect(status).toBe(200);
    expect(body).toMatchObject({ encoding: 'o200k_base', method: 'estimate' });
  });

  it.each(['../../etc', '__proto__', 'a/../../b', ' ', 'a\u0000'])(
    'answers 404 for %j, which is no model name',
    async (model) => {
      const { status, body } = await post(url(), ask('hello', model));
      expect(status).toBe(404);
      expect(body).toMatchObject({ code: 'NOT_FOUND', details: [{ path: 'model' }] });
    },
  );

  it('takes constructor for an unknown name, nothing inherited', async () => {
    const { body } = await post(url(), ask('hello', 'constructor'));
    expect(body).toMatchObject({ encoding: 'o200k_base', method: 'estimate' });
  });

  it.each([
    ['a number as content', ask(7)],
    ['an object as content', ask({ text: 'x' })],
    ['a part that is text without text', ask([{ type: 'text' }])],
    ['a part with text of another type', ask([{ type: 'text', text: 1 }])],
    ['a part of an unknown type', ask([{ type: 'hologram', text: 'x' }])],
    ['a part without type', ask([{ text: 'x' }])],
    ['a part that is null', ask([null])],
    ['no text at all', { model: 'gpt-4o' }],
    ['no messages', { model: 'gpt-4o', messages: [] }],
    ['tools that are not objects', { ...ask('x'), tools: ['x'] }],
    ['an unknown field', { ...ask('x'), temperature: 1 }],
    ['a list', []],
    ['null', 'null'],
  ])('answers 400 for %s', async (_name, body) => {
    const answer = await post(url(), body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(answer.body['request_id']).toEqual(expect.any(String));
  });

  it('answers 422 for messages and a prompt at once', async () => {
    const { status, body } = await post(url(), { ...ask('x'), prompt: 'x' });
    expect([status, body['code']]).toEqual([422, 'UNPROCESSABLE']);
  });

  it('names the place of content without a rule', async () => {
    const { body } = await post(url(), ask([{ type: 'text', text: 'x' }, { type: 'hologram' }]));
    expect(body['details']).toMatchObject([{ path: 'messages.0.content.1.type' }]);
  });

  it('names only the first of many wrong parts', async () => {
    const { body } = await post(url(), ask(Array.from({ length: 500 }, () => ({ type: 'x' }))));
    expect(body['details']).toHaveLength(20);
  });

  it('counts images, audio and nested tools by rule', async () => {
    const parts = [
      { type: 'text', text: 'x' },
      { type: 'image_url', image_url: { url: 'http://169.254.169.254/latest' } },
      { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
    ];
    const nested = { type: 'object', properties: { a: { type: 'array', items: {} } } };
    const tools = [{ type: 'function', function: { name: 'f', parameters: nested } }];
    const { status, body } = await post(url(), { ...ask(parts), tools });
    expect(status).toBe(200);
    expect(body).toMatchObject({ method: 'estimate' });
  });

  it('answers 400 for broken JSON, 415 for another type, 405 for another method', async () => {
    const broken = await post(url(), '{"model":');
    expect([broken.status, broken.body['code']]).toEqual([400, 'INVALID_JSON']);
    const form = await post(url(), 'a=b', { 'content-type': 'text/plain' });
    expect([form.status, form.body['code']]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    expect((await fetch(`${url()}/calculate`)).status).toBe(405);
    expect((await fetch(`${url()}/nothing`)).status).toBe(404);
  });

  it.each(['漢', 'a', '👩\u200d', 'Z\u0351\u0302'])(
    'counts a megabyte of %j',
    async (unit) => {
      const text = unit.repeat(Math.floor(1_048_576 / Buffer.byteLength(unit)));
      const { status, body } = await post(url(), { model: 'Qwen3-8B', prompt: text });
      expect(status).toBe(200);
      expect(body).toMatchObject({ method: 'exact' });
    },
    60_000,
  );

  it('answers others while it counts a megabyte of one letter', async () => {
    await post(url(), ask('warm'));
    const answered: string[] = [];
    const large = post(url(), { model: 'gpt-4o', prompt: 'a'.repeat(1_048_576) });
    const isLargeDone = large.then(() => answered.push('large'));
    for (let small = 0; small < 3; small += 1) {
      await post(url(), ask('hello'));
      answered.push('small');
    }
    await isLargeDone;
    expect(answered).toEqual(['small', 'small', 'small', 'large']);
  });

  it('answers 413 beyond four megabytes', async () => {
    const { status, body } = await post(url(), { model: 'gpt-4o', prompt: 'a '.repeat(2_200_000) });
    expect([status, body['code']]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  });

  it('takes special tokens and lone surrogates for text', async () => {
    const text = '<|endoftext|><|im_end|><|endofprompt|>\ud800';
    for (const model of ['gpt-4', 'gpt-4o', 'davinci', 'Qwen3-8B']) {
      const { status, body } = await post(url(), { model, prompt: text });
      expect(status).toBe(200);
      expect(body).toMatchObject({ method: 'exact' });
    }
  });
});

describe('in strict mode', () => {
  const url = serve({ strictModels: true });

  it.each(['my-model', 'constructor', '__proto__', '../../etc'])(
    'an unknown model is answered with 404: %j',
    async (model) => {
      const { status, body } = await post(url(), ask('hello', model));
      expect([status, body['code']]).toEqual([404, 'NOT_FOUND']);
    },
  );

  it('a known model is counted, an estimated one too', async () => {
    expect((await post(url(), ask('hello', 'gpt-4o'))).status).toBe(200);
    expect((await post(url(), ask('hello', 'claude-opus-5'))).status).toBe(200);
  });
});

describe('with a credential', () => {
  const url = serve({ credential: CREDENTIAL });
  const statusOf = async (path: string, authorization?: string) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    return (await fetch(`${url()}${path}`, { headers })).status;
  };

  it('counting and metrics are refused without it', async () => {
    const { status, body } = await post(url(), ask('hello'));
    expect([status, body['code']]).toEqual([401, 'UNAUTHENTICATED']);
    const wrong = { authorization: `Bearer ${CREDENTIAL}x` };
    expect((await post(url(), ask('hello'), wrong)).status).toBe(401);
    expect(await statusOf('/metrics')).toBe(401);
  });

  it('counting and metrics are open to whoever shows it', async () => {
    const authorization = `Bearer ${CREDENTIAL}`;
    expect((await post(url(), ask('hello'), { authorization })).status).toBe(200);
    const metrics = await fetch(`${url()}/metrics`, { headers: { authorization } });
    expect(await metrics.text()).toMatch(
      /token_count_tokens_total\{encoding="o200k_base",method="exact"\} 8/,
    );
  });

  it('health is open to all', async () => {
    for (const path of ['/livez', '/readyz', '/health']) expect(await statusOf(path)).toBe(200);
  });
});

describe('the documentation', () => {
  const url = serve();
  const bare = serve({ serveDocs: false });

  it('describes the request and the answer', async () => {
    const docs = await (await fetch(`${url()}/docs-json`)).text();
    expect(docs).toContain('/calculate');
    expect(docs).toContain('per_message');
    expect((await fetch(`${url()}/docs`)).status).toBe(200);
  });

  it('is absent where it is switched off', async () => {
    expect((await fetch(`${bare()}/docs-json`)).status).toBe(404);
  });
});
