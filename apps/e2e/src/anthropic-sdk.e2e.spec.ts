/** The official Anthropic SDK at the gateway, as a client program would use it. */
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Resource } from './admin.client.js';
import { Installation } from './installation.js';
import { collect, failure, mock } from './sdk-call.js';

const HELLO = {
  model: 'claude-e2e',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: 'Hello' }],
};

let installation: Installation;
let client: Anthropic;

const clientOf = (options: ConstructorParameters<typeof Anthropic>[0] = {}): Anthropic =>
  new Anthropic({
    baseURL: installation.gateway.url,
    apiKey: 'any',
    maxRetries: 0,
    ...options,
  });
const errorType = (error: unknown): unknown =>
  (error as { error?: { error?: { type?: string } } }).error?.error?.type;

async function addAlias(model: string, alias: string): Promise<void> {
  const { admin } = installation;
  const found = await admin.call<{ items: Resource[] }>(
    'GET',
    `/api/v1/models?model_name=${model}`,
  );
  const path = `/api/v1/models/${String(found.body.items[0]?.['model_id'])}`;
  await installation.applied((await admin.write('PUT', path, { aliases: [alias] })).revision);
}

beforeAll(async () => {
  installation = await Installation.start({ mysqlUrl: inject('mysqlUrl') });
  client = clientOf();
  await addAlias('claude-sonnet-4-5', HELLO.model);
});
afterAll(() => installation.stop());

describe('errors', () => {
  it('400 is a BadRequestError', async () => {
    const error = await failure(client.messages.create({ ...HELLO, max_tokens: -1 }));
    expect(error).toBeInstanceOf(Anthropic.BadRequestError);
    expect(errorType(error)).toBe('invalid_request_error');
  });

  it('an unknown model is a NotFoundError', async () => {
    const error = await failure(client.messages.create({ ...HELLO, model: 'claude-99' }));
    expect(error).toBeInstanceOf(Anthropic.NotFoundError);
    expect(errorType(error)).toBe('not_found_error');
  });

  it('a model of another protocol is a NotFoundError', async () => {
    const error = await failure(client.messages.create({ ...HELLO, model: 'gpt-4o' }));
    expect(error).toBeInstanceOf(Anthropic.NotFoundError);
  });

  it('a request of no namespace is a PermissionDeniedError', async () => {
    const restore = await installation.withoutDefaultNamespace();
    const error = await failure(client.messages.create(HELLO));
    await restore();
    expect(error).toBeInstanceOf(Anthropic.PermissionDeniedError);
    expect(errorType(error)).toBe('permission_error');
  });

  it('a field check is a PermissionDeniedError, or a BadRequestError where the rule says so', async () => {
    const config = { field_path: 'body.max_tokens', operator: 'lte', message: 'zu viel' };
    const rule = (rule_name: string, rule_config: object) => ({
      rule_name,
      rule_type: 'field_check',
      rule_config: { ...config, ...rule_config },
    });
    const { headers } = await installation.tenant('anthropic-field', [
      { ...rule('forbidden', { value: 50 }), priority: 1 },
      { ...rule('malformed', { value: 500, status_code: 400 }), priority: 200 },
    ]);
    const ask = (max_tokens: number) =>
      failure(client.messages.create({ ...HELLO, max_tokens }, { headers }));
    expect(await ask(51)).toBeInstanceOf(Anthropic.PermissionDeniedError);
    expect(await ask(501)).toBeInstanceOf(Anthropic.BadRequestError);
  });

  it('a spent limit is a RateLimitError, which is not retried when the reset is far', async () => {
    const { headers } = await installation.tenant('anthropic-hourly', [
      {
        rule_name: 'one an hour',
        rule_type: 'request_limit',
        rule_config: { max_requests_per_hour: 1 },
      },
    ]);
    await client.messages.create(HELLO, { headers });
    let calls = 0;
    const patient = clientOf({
      maxRetries: 5,
      fetch: (...args) => {
        calls += 1;
        return fetch(...args);
      },
    });
    const error = await failure(patient.messages.create(HELLO, { headers }));
    expect(error).toBeInstanceOf(Anthropic.RateLimitError);
    expect(errorType(error)).toBe('rate_limit_error');
    expect(String(error)).toContain('one an hour');
    expect(calls).toBe(1);
  });

  it.each([
    [429, Anthropic.RateLimitError],
    [500, Anthropic.InternalServerError],
    [503, Anthropic.InternalServerError],
    [529, Anthropic.InternalServerError],
  ])('a %i of the upstream keeps its class', async (status, errorClass) => {
    const error = await failure(client.messages.create(HELLO, mock({ status })));
    expect(error).toBeInstanceOf(errorClass);
  });

  it('a stream that breaks raises in the middle', async () => {
    const stream = await client.messages.create(
      { ...HELLO, stream: true },
      mock({ tokens: 20, 'reset-after': 3 }),
    );
    const error = await failure(collect(stream));
    expect(error).toBeInstanceOf(Anthropic.APIError);
    expect(errorType(error)).toBe('api_error');
  });

  it('an error event of the upstream arrives as it is', async () => {
    const stream = await client.messages.create(
      { ...HELLO, stream: true },
      mock({ tokens: 20, 'error-after': 3 }),
    );
    expect(await failure(collect(stream))).toBeInstanceOf(Anthropic.APIError);
  });

  it('a missing or unknown key is an AuthenticationError where keys are asked for', async () => {
    const { url } = await installation.startGateway({ GATEWAY_ALLOW_ANONYMOUS: 'false' });
    for (const apiKey of ['sk-ant-not-ours', `agw_${'0'.repeat(48)}`]) {
      const guarded = clientOf({ baseURL: url, apiKey });
      const error = await failure(guarded.messages.create(HELLO));
      expect(error).toBeInstanceOf(Anthropic.AuthenticationError);
      expect(errorType(error)).toBe('authentication_error');
    }
    const { resource, revision } = await installation.admin.write('POST', '/api/v1/api-keys', {
      key_name: 'for the SDK',
    });
    await installation.applied(revision);
    const admitted = clientOf({ baseURL: url, apiKey: String(resource['key']) });
    expect((await admitted.messages.create(HELLO)).type).toBe('message');
  });
});

describe('a client program', () => {
  const textOf = ({ content }: Anthropic.Message): string =>
    content.map((block) => (block.type === 'text' ? block.text : '')).join('');

  it('gets a whole answer with the usage the model server counted', async () => {
    const { data, response } = await client.messages.create(HELLO).withResponse();
    const entry = await installation.mockLlm.ended(response.headers.get('request-id') ?? '');
    expect(textOf(data)).not.toBe('');
    expect(data.usage).toMatchObject({
      input_tokens: entry.prompt_tokens,
      output_tokens: entry.emitted_tokens,
    });
  });

  it('gets the same message streamed', async () => {
    const whole = await client.messages.create(HELLO);
    const streamed = await client.messages.stream(HELLO).finalMessage();
    expect(textOf(streamed)).toBe(textOf(whole));
    expect(streamed.usage).toMatchObject({
      input_tokens: whole.usage.input_tokens,
      output_tokens: whole.usage.output_tokens,
    });
    expect(streamed.stop_reason).toBe(whole.stop_reason);
  });

  it('aborts, and the upstream is cancelled at once', async () => {
    const requestId = 'aborted-by-anthropic-sdk';
    const stream = client.messages.stream(HELLO, {
      headers: {
        'x-request-id': requestId,
        'x-mock-tokens': '90',
        'x-mock-chunk-delay-ms': '50',
      },
    });
    let seen = 0;
    for await (const event of stream) {
      if (event.type === 'content_block_delta') seen += 1;
      if (seen === 3) break;
    }
    const abortedAt = Date.now();
    const entry = await installation.mockLlm.ended(requestId);
    expect(entry.outcome).toBe('cancelled');
    expect(Date.parse(entry.cancelled_at ?? '') - abortedAt).toBeLessThan(200);
  });

  it('sends and receives Chinese, emoji and odd characters unchanged', async () => {
    const content = '你好，世界！👩‍👩‍👧‍👦 é e\u0301 𠮷 "\\\n\t';
    const request = { ...HELLO, max_tokens: 1000, messages: [{ role: 'user' as const, content }] };
    const whole = await client.messages.create(request, mock({ mode: 'echo' }));
    expect(textOf(whole)).toBe(content);
    const streamed = client.messages.stream(request, mock({ mode: 'echo', 'write-bytes': 1 }));
    expect(textOf(await streamed.finalMessage())).toBe(content);
  });
});
