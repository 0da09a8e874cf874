/** The official OpenAI SDK at the gateway, as a client program would use it. */
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from './eventually.js';
import { Installation } from './installation.js';
import { collect, failure, mock } from './sdk-call.js';

const MODEL = 'gpt-4o-mini';
const HELLO = { model: MODEL, messages: [{ role: 'user' as const, content: 'Hello' }] };

let installation: Installation;
let client: OpenAI;

const clientOf = (options: ConstructorParameters<typeof OpenAI>[0] = {}): OpenAI =>
  new OpenAI({
    baseURL: `${installation.gateway.url}/v1`,
    apiKey: 'any',
    maxRetries: 0,
    ...options,
  });
async function failureOfStream(script: Record<string, string | number>): Promise<unknown> {
  const stream = await client.chat.completions.create({ ...HELLO, stream: true }, mock(script));
  return failure(collect(stream));
}

beforeAll(async () => {
  installation = await Installation.start({ mysqlUrl: inject('mysqlUrl') });
  client = clientOf();
});
afterAll(() => installation.stop());

describe('errors', () => {
  it('400 is a BadRequestError', async () => {
    const request = { ...HELLO, max_completion_tokens: -1 };
    const error = await failure(client.chat.completions.create(request));
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({
      status: 400,
      code: 'invalid_request',
      param: 'max_completion_tokens',
    });
  });

  it('an unknown model is a NotFoundError', async () => {
    const error = await failure(client.chat.completions.create({ ...HELLO, model: 'gpt-99' }));
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect(error).toMatchObject({ code: 'model_not_found', param: 'model' });
  });

  it('a request of no namespace is a PermissionDeniedError', async () => {
    const restore = await installation.withoutDefaultNamespace();
    const error = await failure(client.chat.completions.create(HELLO));
    await restore();
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(error).toMatchObject({ status: 403, code: 'no_namespace' });
  });

  it('a field check is a PermissionDeniedError with the message of the rule', async () => {
    const { headers } = await installation.tenant('openai-field', [
      {
        rule_name: 'short answers',
        rule_type: 'field_check',
        rule_config: {
          field_path: 'body.max_tokens',
          operator: 'lte',
          value: 20000,
          message: '最多 20000 个 token 🙂',
        },
      },
    ]);
    const request = { ...HELLO, max_tokens: 20001 };
    const error = await failure(client.chat.completions.create(request, { headers }));
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(error).toMatchObject({ status: 403, code: 'field_check_failed' });
    expect(String(error)).toContain('最多 20000 个 token 🙂');
    const allowed = { ...HELLO, max_tokens: 20000 };
    const admitted = await client.chat.completions.create(allowed, { headers });
    expect(admitted.choices).toHaveLength(1);
  });

  it('a spent limit is a RateLimitError, which is not retried when the reset is far', async () => {
    const { headers } = await installation.tenant('openai-hourly', [
      {
        rule_name: 'one an hour',
        rule_type: 'request_limit',
        rule_config: { max_requests_per_hour: 1 },
      },
    ]);
    await client.chat.completions.create(HELLO, { headers });
    let calls = 0;
    const patient = clientOf({
      maxRetries: 5,
      fetch: (...args) => {
        calls += 1;
        return fetch(...args);
      },
    });
    const error = await failure(patient.chat.completions.create(HELLO, { headers }));
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    const { headers: answered } = error as InstanceType<typeof OpenAI.RateLimitError>;
    expect(answered.get('x-should-retry')).toBe('false');
    expect(Number(answered.get('retry-after'))).toBeGreaterThan(60);
    expect(error).toMatchObject({ status: 429, code: 'F42900', type: 'rate_limit_exceeded' });
    expect(calls).toBe(1);
  });

  it('a limit that resets soon is waited for by the SDK’s own retry', async () => {
    const { headers } = await installation.tenant('openai-second', [
      {
        rule_name: 'one a second',
        rule_type: 'request_limit',
        rule_config: { max_requests_per_second: 1 },
      },
    ]);
    const patient = clientOf({ maxRetries: 3 });
    for (let n = 0; n < 2; n += 1) {
      expect((await patient.chat.completions.create(HELLO, { headers })).choices).toHaveLength(1);
    }
  });

  it.each([
    [429, OpenAI.RateLimitError],
    [500, OpenAI.InternalServerError],
    [503, OpenAI.InternalServerError],
    [400, OpenAI.BadRequestError],
  ])('a %i of the upstream keeps its class', async (status, errorClass) => {
    const error = await failure(client.chat.completions.create(HELLO, mock({ status })));
    expect(error).toBeInstanceOf(errorClass);
    const answered = (error as InstanceType<typeof OpenAI.APIError>).headers;
    expect(answered?.get('x-gateway-error')).toBeNull();
  });

  it('a 401 of the upstream is our failure, not the client’s', async () => {
    const error = await failure(client.chat.completions.create(HELLO, mock({ status: 401 })));
    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
    expect(error).toMatchObject({ status: 502, code: 'upstream_refused_credential' });
  });

  it('an upstream that resets before it answers is an InternalServerError', async () => {
    const error = await failure(client.chat.completions.create(HELLO, mock({ 'reset-after': 0 })));
    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
    expect(error).toMatchObject({ status: 502 });
  });

  it('an answer cut off halfway never passes for a whole one', async () => {
    const error = await failure(client.chat.completions.create(HELLO, mock({ 'reset-after': 1 })));
    expect(String(error)).toMatch(/terminated|connection/i);
  });

  it('a stream that breaks raises in the middle', async () => {
    const error = await failureOfStream({ tokens: 20, 'reset-after': 3 });
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ code: 'upstream_protocol_error' });
  });

  describe('of an upstream that is given half a second', () => {
    const PATIENCE_MS = 500;
    const request = { ...HELLO, model: 'impatient-model' };
    beforeAll(async () => {
      const { admin, mockLlm } = installation;
      const { resource } = await admin.write('POST', '/api/v1/upstreams', {
        upstream_code: 'impatient',
        upstream_name: 'impatient',
        timeouts: { first_byte_ms: PATIENCE_MS, idle_ms: PATIENCE_MS },
        targets: [{ url: mockLlm.url }],
      });
      const { revision } = await admin.write('POST', '/api/v1/models', {
        model_name: request.model,
        upstream_id: resource['upstream_id'],
      });
      await installation.applied(revision);
    });

    it('a late first byte is an InternalServerError that names the timeout', async () => {
      const error = await failure(
        client.chat.completions.create(request, mock({ 'latency-ms': 10_000 })),
      );
      expect(error).toBeInstanceOf(OpenAI.InternalServerError);
      expect(error).toMatchObject({ status: 504, code: 'F50400', type: 'gateway_timeout' });
    });

    it('a stream that falls silent raises, and the upstream request ends', async () => {
      const requestId = 'stalled-stream';
      const stream = await client.chat.completions.create(
        { ...request, stream: true },
        { headers: { 'x-mock-stall-after': '2', 'x-request-id': requestId } },
      );
      const error = await failure(collect(stream));
      expect(error).toBeInstanceOf(OpenAI.APIError);
      expect(error).toMatchObject({ code: 'F50400' });
      const entry = await eventually('the upstream request ends', async () => {
        const [found] = await installation.mockLlm.entries(requestId);
        return found !== undefined && found.cancelled_at !== null ? found : null;
      });
      expect(entry.outcome).toBe('stalled');
    });
  });

  it('a gateway that is not there is an APIConnectionError', async () => {
    const nowhere = clientOf({ baseURL: 'http://127.0.0.1:9/v1' });
    expect(await failure(nowhere.models.list())).toBeInstanceOf(OpenAI.APIConnectionError);
  });
});

describe('where requests need an API key', () => {
  let guarded: OpenAI;
  let guardedUrl: string;
  const guardedClient = (apiKey: string) => clientOf({ baseURL: `${guardedUrl}/v1`, apiKey });
  beforeAll(async () => {
    const gateway = await installation.startGateway({ GATEWAY_ALLOW_ANONYMOUS: 'false' });
    guardedUrl = gateway.url;
    guarded = guardedClient('sk-not-ours');
  });

  it.each([
    ['no key of ours', 'sk-not-ours'],
    ['an unknown key', `agw_${'0'.repeat(48)}`],
    ['a key of odd bytes', "' OR '1'='1"],
  ])('%s is an AuthenticationError', async (_name, apiKey) => {
    const error = await failure(guardedClient(apiKey).chat.completions.create(HELLO));
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(error).toMatchObject({ status: 401, code: 'invalid_api_key' });
    expect(String(error)).not.toContain(apiKey);
  });

  it('a key made through the admin API opens, until it is deleted', async () => {
    const { resource, revision } = await installation.admin.write('POST', '/api/v1/api-keys', {
      key_name: 'for the SDK',
    });
    await installation.applied(revision);
    const admitted = guardedClient(String(resource['key']));
    expect((await admitted.chat.completions.create(HELLO)).choices).toHaveLength(1);
    expect((await collect(admitted.models.list())).length).toBeGreaterThan(0);
    const path = `/api/v1/api-keys/${String(resource['key_id'])}`;
    const removed = await installation.admin.write('DELETE', path);
    await installation.applied(removed.revision);
    const error = await failure(admitted.chat.completions.create(HELLO));
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
  });

  it('a key of one namespace cannot be used in another', async () => {
    const { namespaceId } = await installation.tenant('key-owner');
    const other = await installation.tenant('key-stranger');
    const { resource, revision } = await installation.admin.write('POST', '/api/v1/api-keys', {
      key_name: 'of the owner',
      namespace_id: namespaceId,
    });
    await installation.applied(revision);
    const owner = guardedClient(String(resource['key']));
    expect((await owner.chat.completions.create(HELLO)).choices).toHaveLength(1);
    const error = await failure(owner.chat.completions.create(HELLO, { headers: other.headers }));
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(error).toMatchObject({ code: 'namespace_forbidden' });
  });

  it('even the list of models', async () => {
    expect(await failure(guarded.models.list())).toBeInstanceOf(OpenAI.AuthenticationError);
  });
});

describe('a client program', () => {
  it('gets a whole answer with the usage the model server counted', async () => {
    const { data, response } = await client.chat.completions.create(HELLO).withResponse();
    const entry = await installation.mockLlm.ended(response.headers.get('x-request-id') ?? '');
    expect(data.choices[0]?.message.content).not.toBe('');
    expect(data.usage?.prompt_tokens).toBe(entry.prompt_tokens);
    expect(data.usage?.completion_tokens).toBe(entry.emitted_tokens);
  });

  it('gets the same text streamed, and usage when it asks for it', async () => {
    const whole = await client.chat.completions.create(HELLO);
    const { data: stream, response } = await client.chat.completions
      .create({ ...HELLO, stream: true, stream_options: { include_usage: true } })
      .withResponse();
    const chunks = await collect(stream);
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
    expect(text).toBe(whole.choices[0]?.message.content);
    const entry = await installation.mockLlm.ended(response.headers.get('x-request-id') ?? '');
    expect(chunks.at(-1)?.usage).toMatchObject({
      prompt_tokens: entry.prompt_tokens,
      completion_tokens: entry.emitted_tokens,
    });
    expect(entry.outcome).toBe('completed');
  });

  it('sees no usage chunk in a stream it did not ask it of', async () => {
    const chunks = await collect(await client.chat.completions.create({ ...HELLO, stream: true }));
    expect(chunks.filter(({ usage }) => usage)).toEqual([]);
    expect(chunks.every(({ choices }) => choices.length > 0)).toBe(true);
  });

  it('aborts, and the upstream is cancelled at once', async () => {
    const requestId = 'aborted-by-openai-sdk';
    const stream = await client.chat.completions.create(
      { ...HELLO, stream: true },
      {
        headers: {
          'x-request-id': requestId,
          'x-mock-tokens': '500',
          'x-mock-chunk-delay-ms': '50',
        },
      },
    );
    let seen = 0;
    for await (const chunk of stream) {
      seen += chunk.choices.length;
      if (seen === 3) break;
    }
    const abortedAt = Date.now();
    const entry = await installation.mockLlm.ended(requestId);
    expect(entry.outcome).toBe('cancelled');
    expect(Date.parse(entry.cancelled_at ?? '') - abortedAt).toBeLessThan(200);
    expect(entry.emitted_tokens).toBeLessThan(100);
  });

  it('sends and receives Chinese, emoji and odd characters unchanged', async () => {
    const content = '你好，世界！👩‍👩‍👧‍👦 é e\u0301 \u202Eabc <|endoftext|> 漢字𠮷 "\\\n\t';
    const request = { model: MODEL, messages: [{ role: 'user' as const, content }] };
    const whole = await client.chat.completions.create(request, mock({ mode: 'echo' }));
    expect(whole.choices[0]?.message.content).toBe(content);
    const stream = await client.chat.completions.create(
      { ...request, stream: true },
      mock({ mode: 'echo', 'write-bytes': 1 }),
    );
    const chunks = await collect(stream);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(content);
  });

  it('gets embeddings, text completions and the list of models', async () => {
    const embeddings = await client.embeddings.create({ model: MODEL, input: ['你好', 'b'] });
    expect(embeddings.data.map(({ index }) => index)).toEqual([0, 1]);
    expect(embeddings.usage.prompt_tokens).toBeGreaterThan(0);
    const completion = await client.completions.create({ model: MODEL, prompt: 'Once' });
    expect(completion.choices[0]?.text).not.toBe('');
    const models = await collect(client.models.list());
    expect(models.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['gpt-4o', MODEL, 'Qwen3-8B', 'claude-sonnet-4-5']),
    );
  });
});
