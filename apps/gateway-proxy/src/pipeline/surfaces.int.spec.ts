import { connect } from 'node:net';
import { aMatcher, aModel, aNamespace, aRule, aTarget, anUpstream } from '@ai-gateway/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startGateway, type RunningGateway } from '../gateway.fixture.js';
import { ScriptedUpstream, answerChat } from '../upstream.fixture.js';

let upstream: ScriptedUpstream;
let gateway: RunningGateway;

beforeAll(async () => {
  upstream = await ScriptedUpstream.start(answerChat('{"choices":[]}'));
  const byName = upstream.url.replace('127.0.0.1', 'localhost');
  gateway = await startGateway(
    {
      namespace: [aNamespace()],
      matcher: [aMatcher()],
      upstream: [
        anUpstream(),
        anUpstream({ upstream_id: 2, upstream_code: 'claude', protocol: 'anthropic' }),
        anUpstream({ upstream_id: 3, upstream_code: 'inner' }),
      ],
      target: [
        aTarget({ url: byName }),
        aTarget({ target_id: 2, upstream_id: 2, url: upstream.url }),
        aTarget({ target_id: 3, upstream_id: 3, url: 'http://169.254.169.254' }),
      ],
      model: [
        aModel({ aliases: ['mini'] }),
        aModel({ model_id: 2, model_name: 'claude', upstream_id: 2 }),
        aModel({ model_id: 3, model_name: 'inner', upstream_id: 3 }),
      ],
      rule: [aRule({ rule_type: 'token_limit', rule_config: { max_input_tokens_per_request: 1 } })],
    },
    { GATEWAY_EXPOSE_DECISION: 'true' },
  );
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.received.length = 0;
  gateway.log.length = 0;
});

const post = (path: string, body: object): Promise<Response> =>
  fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', channelcode: 'wechat' },
    body: JSON.stringify(body),
  });
const message = { role: 'user', content: 'one two three four' };
const image = { role: 'user', content: [{ type: 'image_url', image_url: { url: 'http://x/' } }] };

describe('the input of every surface is counted', () => {
  it.each([
    ['chat', '/v1/chat/completions', { messages: [message], tools: [{ type: 'function' }] }],
    ['a chat with an image', '/v1/chat/completions', { messages: [image, message] }],
    [
      'a large chat',
      '/v1/chat/completions',
      { messages: [{ role: 'user', content: 'word '.repeat(20_000) }] },
    ],
    [
      'messages',
      '/v1/messages',
      { model: 'claude', max_tokens: 5, system: 'be brief', messages: [message] },
    ],
    [
      'messages with system blocks',
      '/v1/messages',
      {
        model: 'claude',
        max_tokens: 5,
        system: [{ type: 'text', text: 'be brief' }],
        messages: [message],
      },
    ],
    ['a completion', '/v1/completions', { prompt: 'one two three four' }],
    ['completions', '/v1/completions', { prompt: ['one two', 'three four'] }],
    ['a completion of token ids', '/v1/completions', { prompt: [1, 2, 3, 4] }],
    ['an embedding', '/v1/embeddings', { input: 'one two three four' }],
    [
      'embeddings of token ids',
      '/v1/embeddings',
      {
        input: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
  ])('%s', async (_name, path, body) => {
    const response = await post(path, { model: 'gpt-4o-mini', ...body });
    const text = await response.text();
    expect(response.status).toBe(400);
    expect(Number(/The prompt has (\d+) tokens/.exec(text)?.[1])).toBeGreaterThan(3);
  });
});

it('lists models and their aliases', async () => {
  const response = await fetch(`${gateway.url}/v1/models`, { headers: { channelcode: 'wechat' } });
  const { data } = (await response.json()) as { data: { id: string }[] };
  expect(data.map(({ id }) => id).sort()).toEqual(['claude', 'gpt-4o-mini', 'inner', 'mini']);
});

describe('a target', () => {
  const tiny = { prompt: 'a' };

  it('may be a name, and the decision is shown where that is wanted', async () => {
    const { status, headers } = await post('/v1/completions', { model: 'mini', ...tiny });
    expect(status).toBe(200);
    expect([headers.get('x-gateway-namespace'), headers.get('x-gateway-upstream')]).toEqual([
      'wechat',
      'openai',
    ]);
  });

  it('at a forbidden address is not connected to', async () => {
    expect((await post('/v1/completions', { model: 'inner', ...tiny })).status).toBe(502);
  });
});

it('records a client that leaves while it uploads, and calls nobody', async () => {
  const socket = connect(gateway.port, '127.0.0.1');
  socket.write(
    'POST /v1/completions HTTP/1.1\r\nHost: g\r\nchannelcode: wechat\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"mo',
    () => socket.resetAndDestroy(),
  );
  await vi.waitFor(() => expect(gateway.records()).toHaveLength(1));
  expect(gateway.records()[0]).toMatchObject({
    end_state: 'client_gone',
    error_code: null,
    status_code: 0,
  });
  expect(upstream.received).toHaveLength(0);
});
