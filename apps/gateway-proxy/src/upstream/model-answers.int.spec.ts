import { gzipSync } from 'node:zlib';
import { newMasterKeyText, parseMasterKey, sealSecret } from '@ai-gateway/node-runtime';
import { aMatcher, aModel, aNamespace, aRule, aTarget, anUpstream } from '@ai-gateway/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  startGateway,
  type Configuration,
  type LogLine,
  type RunningGateway,
} from '../gateway.fixture.js';
import { RawUpstream, ScriptedUpstream, answerChat, streamChunks } from '../upstream.fixture.js';

const masterText = newMasterKeyText();
const credential = sealSecret(
  parseMasterKey(masterText),
  'upstream_targets|credential|1',
  'sk-ours-1234567890abcd',
);
const timeouts = { connect_ms: 500, first_byte_ms: 300, idle_ms: 300 };

let upstream: ScriptedUpstream;
let raw: RawUpstream;
let gateway: RunningGateway;

const oneConnection = aRule({
  rule_type: 'connection_limit',
  rule_config: { max_connections: 1 },
});
const configuration = (more: Configuration = {}): Configuration => ({
  namespace: [aNamespace()],
  matcher: [aMatcher()],
  rule: [oneConnection],
  upstream: [
    anUpstream({ timeouts }),
    anUpstream({ upstream_id: 2, upstream_code: 'raw', timeouts }),
    anUpstream({ upstream_id: 3, upstream_code: 'half-away', timeouts }),
  ],
  target: [
    aTarget({ url: upstream.url, credential }),
    aTarget({ target_id: 2, upstream_id: 2, url: raw.url }),
    aTarget({ target_id: 3, upstream_id: 3, url: 'http://127.0.0.1:1' }),
    aTarget({ target_id: 4, upstream_id: 3, url: upstream.url }),
  ],
  model: [
    aModel(),
    aModel({ model_id: 2, model_name: 'raw', upstream_id: 2 }),
    aModel({ model_id: 3, model_name: 'half-away', upstream_id: 3 }),
  ],
  ...more,
});

beforeAll(async () => {
  upstream = await ScriptedUpstream.start();
  raw = await RawUpstream.start();
  gateway = await startGateway(configuration(), { MASTER_KEY: masterText });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
  await raw.close();
});
beforeEach(() => {
  upstream.next(answerChat());
  upstream.received.length = 0;
  gateway.log.length = 0;
});
/** One connection is allowed: if a lease were left, the next request would be refused. */
afterEach(async () => {
  await gateway.idle();
  upstream.next(answerChat());
  if ((await chat()).status !== 200) throw new Error('a lease is left');
  await gateway.idle();
});

function chat(more: object = {}, signal?: AbortSignal): Promise<Response> {
  const messages = [{ role: 'user', content: 'Say hello to everybody.' }];
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', channelcode: 'wechat' },
    body: JSON.stringify({ model: 'gpt-4o-mini', messages, ...more }),
    ...(signal === undefined ? {} : { signal }),
  });
}
const codeOf = async (response: Response): Promise<unknown> =>
  ((await response.json()) as { error: { code: string } }).error.code;

async function onlyRecord(): Promise<LogLine | undefined> {
  await vi.waitFor(() => expect(gateway.records().length).toBeGreaterThan(0));
  await gateway.idle();
  expect(gateway.records()).toHaveLength(1);
  return gateway.records()[0];
}

const delta = (content: string) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`;
const usage = (figures: object | null) =>
  `data: ${JSON.stringify({ choices: [], usage: figures })}\n\n`;
const DONE = 'data: [DONE]\n\n';

describe('an upstream that fails', () => {
  it('to connect has its request tried at the next target, once', async () => {
    for (let turn = 0; turn < 4; turn += 1) {
      expect((await chat({ model: 'half-away' })).status).toBe(200);
      await gateway.idle();
    }
    expect(upstream.received).toHaveLength(4);
  });

  it('to send its first byte in time is a 504', async () => {
    raw.next(() => undefined);
    const response = await chat({ model: 'raw' });
    expect([response.status, await codeOf(response)]).toEqual([504, 'F50400']);
    expect(await onlyRecord()).toMatchObject({ end_state: 'sent_no_byte', input_tokens: 0 });
  });

  it('by a reset before the first byte is a 502, and nothing is sent twice', async () => {
    let connections = 0;
    raw.next((socket) => {
      connections += 1;
      socket.resetAndDestroy();
    });
    const response = await chat({ model: 'raw' });
    expect([response.status, await codeOf(response)]).toEqual([502, 'upstream_protocol_error']);
    expect(connections).toBe(1);
  });

  it.each(['reset', 'stall'] as const)(
    'by a %s within a stream ends it with an error event, never cleanly',
    async (end) => {
      upstream.next(streamChunks([delta('Hello'), delta(' there')], end));
      const text = await (await chat({ stream: true })).text();
      expect(text.startsWith(delta('Hello') + delta(' there'))).toBe(true);
      const event = text.slice((delta('Hello') + delta(' there')).length);
      const code = end === 'stall' ? 'F50400' : 'upstream_protocol_error';
      expect(event).toContain(`"code":"${code}"`);
      expect(event).not.toContain('[DONE]');
      expect(await onlyRecord()).toMatchObject({
        end_state: 'upstream_error',
        token_source: 'estimated',
        output_tokens: 2,
      });
    },
  );

  it.each([
    ['reset', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"choices"'],
    ['broken chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n'],
  ])('within a whole answer has it cut: %s', async (_name, bytes) => {
    raw.next((socket) => socket.write(bytes, () => setImmediate(() => socket.resetAndDestroy())));
    const answer = chat({ model: 'raw' }).then((response) => response.text());
    await expect(answer).rejects.toThrow();
    expect(await onlyRecord()).toMatchObject({ end_state: 'upstream_error' });
  });
});

describe('an answer that breaks HTTP', () => {
  it.each([
    ['no HTTP', 'NONSENSE\r\n\r\n'],
    [
      'length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc'],
    ['a bare CR in a field', 'HTTP/1.1 200 OK\r\nx-a: b\rx-b: c\r\nContent-Length: 0\r\n\r\n'],
    ['a head of 1 MB', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(1_000_000)}\r\n\r\n`],
    ['status 999', 'HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n'],
    ['status 000', 'HTTP/1.1 000 Odd\r\nContent-Length: 0\r\n\r\n'],
    ['an upgrade nobody asked for', 'HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
    ['informational answers without end', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(30)],
  ])('is a 502 and its connection is not used again: %s', async (_name, bytes) => {
    const closed = Promise.withResolvers<unknown>();
    raw.next((socket) => {
      socket.once('close', closed.resolve);
      socket.write(bytes);
    });
    const response = await chat({ model: 'raw' });
    expect([response.status, await codeOf(response)]).toEqual([502, 'upstream_protocol_error']);
    await closed.promise;
  });

  it('by being longer than it says is cut at its length, and its connection closed', async () => {
    const closed = Promise.withResolvers<unknown>();
    raw.next((socket) => {
      socket.once('close', closed.resolve);
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 smuggled\r\n\r\n');
    });
    expect(await (await chat({ model: 'raw' })).text()).toBe('{}');
    await closed.promise;
  });
});

describe('an answer that must not reach the client as it is', () => {
  it.each([301, 302, 303, 307, 308])(
    'is a redirect with %i: a 502, not followed',
    async (status) => {
      upstream.next((_req, res) => res.writeHead(status, { location: `${upstream.url}/x` }).end());
      const response = await chat();
      expect([response.status, await codeOf(response)]).toEqual([502, 'upstream_redirect']);
      expect(upstream.received).toHaveLength(1);
    },
  );

  it('says our credential is wrong: a 502 that does not', async () => {
    upstream.next(answerChat('{"error":"Incorrect API key: sk-ours-1234567890abcd"}', 401));
    const response = await chat();
    const text = await response.text();
    expect([response.status, text.includes('sk-')]).toEqual([502, false]);
    expect(text).toContain('upstream_refused_credential');
    expect(JSON.stringify(gateway.log)).not.toContain('sk-ours');
  });

  it('quotes a secret in an error: it is redacted, the rest passes', async () => {
    upstream.next(answerChat('{"error":"bad sk-ours-1234567890abcd, use sk-other-…9999"}', 400));
    const response = await chat();
    expect(response.status).toBe(400);
    expect(await response.text()).toBe('{"error":"bad [redacted], use [redacted]"}');
    expect(await onlyRecord()).toMatchObject({ status_code: 400, output_tokens: 0 });
  });

  it('is an error that cannot be read because it is compressed', async () => {
    upstream.next((_req, res) =>
      res.writeHead(400, { 'content-encoding': 'gzip' }).end(gzipSync('sk-ours-1234567890abcd')),
    );
    expect((await chat()).status).toBe(502);
  });

  it('has fields of its own: only listed ones pass', async () => {
    upstream.next((_req, res) =>
      res
        .writeHead(200, {
          server: 's',
          via: 'v',
          'set-cookie': 'a=b',
          'x-foo': '1',
          'x-request-id': 'theirs',
          'x-gateway-error': 'e',
          'retry-after': '7',
        })
        .end('{}'),
    );
    const { headers } = await chat();
    for (const name of ['server', 'via', 'set-cookie', 'x-foo', 'x-gateway-error']) {
      expect(headers.get(name)).toBeNull();
    }
    expect(headers.get('x-request-id')).toMatch(/^req_/);
    expect(headers.get('retry-after')).toBe('7');
  });
});

describe('a stream', () => {
  it('passes byte for byte, whatever its line ends, comments and broken events are', async () => {
    const bytes = Buffer.from(
      `: hi\r\n\r\nevent: x\rid: 1\rretry: 5\r\rdata:{"choices":[]}\n\ndata: {oops\n\ndata\n\n${delta('👋漢字')}${DONE}`,
    );
    const pieces = Array.from({ length: Math.ceil(bytes.length / 3) }, (_, index) =>
      bytes.subarray(index * 3, index * 3 + 3),
    );
    upstream.next(streamChunks(pieces));
    const answer = await (await chat({ stream: true })).arrayBuffer();
    expect(Buffer.from(answer)).toEqual(bytes);
    expect(upstream.last.headers['accept-encoding']).toBe('identity');
  });

  it('that is compressed all the same passes and is charged by its bytes', async () => {
    const bytes = gzipSync(delta('Hello') + DONE);
    upstream.next((_req, res) =>
      res
        .writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' })
        .end(bytes),
    );
    expect(await (await chat({ stream: true })).text()).toBe(delta('Hello') + DONE);
    expect(await onlyRecord()).toMatchObject({
      output_tokens: bytes.length,
      token_source: 'estimated',
    });
  });

  it('to a client that leaves is cancelled and charged by what was delivered', async () => {
    const cancelled = Promise.withResolvers<unknown>();
    upstream.next((_req, res) => {
      res.once('close', cancelled.resolve);
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(delta('one two three four five'));
    });
    const abort = new AbortController();
    const response = await chat({ stream: true }, abort.signal);
    await response.body?.getReader().read();
    abort.abort();
    await cancelled.promise;
    const record = await onlyRecord();
    expect(record).toMatchObject({
      end_state: 'client_gone',
      token_source: 'estimated',
      output_tokens: 5,
    });
    expect(record?.['input_tokens']).toBeGreaterThan(5);
  });

  it('to a client that leaves before the first byte is cancelled too', async () => {
    const cancelled = Promise.withResolvers<unknown>();
    const arrived = Promise.withResolvers<unknown>();
    upstream.next((_req, res) => {
      res.once('close', cancelled.resolve);
      arrived.resolve(null);
    });
    const abort = new AbortController();
    const answer = chat({ stream: true }, abort.signal);
    await arrived.promise;
    abort.abort();
    await expect(answer).rejects.toThrow();
    await cancelled.promise;
    expect(await onlyRecord()).toMatchObject({ end_state: 'client_gone', output_tokens: 0 });
  });

  it('to a slow reader holds the upstream back instead of buffering', async () => {
    let written = 0;
    const chunk = delta('x'.repeat(65_536));
    upstream.next((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      const pump = (): void => {
        while (written < 64_000_000) {
          written += chunk.length;
          if (!res.write(chunk)) return void res.once('drain', pump);
        }
      };
      pump();
    });
    const abort = new AbortController();
    const response = await chat({ stream: true }, abort.signal);
    let before = -1;
    await vi.waitFor(
      () => {
        const isStill = written === before;
        before = written;
        expect(isStill).toBe(true);
      },
      { interval: 100, timeout: 5000 },
    );
    expect(written).toBeLessThan(32_000_000);
    abort.abort();
    await expect(response.text()).rejects.toThrow();
  });
});

describe('usage', () => {
  const answer = (figures?: object) =>
    JSON.stringify({ choices: [{ message: { content: 'one two three' } }], usage: figures });

  it.each([
    [
      'reported',
      { prompt_tokens: 5, completion_tokens: 6 },
      {
        input_tokens: 5,
        output_tokens: 6,
        token_source: 'reported',
        end_state: 'complete_reported',
      },
    ],
    [
      'zero',
      { prompt_tokens: 0, completion_tokens: 0 },
      { input_tokens: 0, output_tokens: 0, token_source: 'reported' },
    ],
    [
      'absent',
      undefined,
      { output_tokens: 3, token_source: 'estimated', end_state: 'complete_estimated' },
    ],
    ['negative', { prompt_tokens: -5, completion_tokens: -6 }, { token_source: 'estimated' }],
    ['text', { prompt_tokens: '5', completion_tokens: '6' }, { token_source: 'estimated' }],
  ])('of a whole answer: %s', async (_name, figures, expected) => {
    upstream.next(answerChat(answer(figures)));
    await (await chat()).text();
    expect(await onlyRecord()).toMatchObject(expected);
  });

  it.each([
    [
      'reported',
      [usage({ prompt_tokens: 5, completion_tokens: 6 }), DONE],
      { output_tokens: 6, token_source: 'reported' },
    ],
    [
      'twice: the last',
      [
        usage({ prompt_tokens: 5, completion_tokens: 2 }),
        usage({ prompt_tokens: 5, completion_tokens: 6 }),
        DONE,
      ],
      { output_tokens: 6 },
    ],
    [
      'negative after valid',
      [
        usage({ prompt_tokens: 5, completion_tokens: 6 }),
        usage({ prompt_tokens: -1, completion_tokens: -1 }),
        DONE,
      ],
      { output_tokens: 6 },
    ],
    [
      'zero',
      [usage({ prompt_tokens: 0, completion_tokens: 0 }), DONE],
      { output_tokens: 0, token_source: 'reported' },
    ],
    ['null', [usage(null), DONE], { output_tokens: 3, token_source: 'estimated' }],
    ['absent', [DONE], { output_tokens: 3, end_state: 'complete_estimated' }],
  ])('of a stream: %s', async (_name, rest, expected) => {
    upstream.next(streamChunks([delta('one two three'), ...rest]));
    await (await chat({ stream: true })).text();
    expect(await onlyRecord()).toMatchObject(expected);
  });

  it('is read from a stream nobody asked for, and from a whole answer instead of a stream', async () => {
    upstream.next(
      streamChunks([delta('x'), usage({ prompt_tokens: 5, completion_tokens: 6 }), DONE]),
    );
    await (await chat()).text();
    await gateway.idle();
    upstream.next(answerChat(answer({ prompt_tokens: 5, completion_tokens: 6 })));
    await (await chat({ stream: true })).text();
    await vi.waitFor(() => expect(gateway.records()).toHaveLength(2));
    for (const record of gateway.records())
      expect(record).toMatchObject({ output_tokens: 6, token_source: 'reported' });
  });

  it('of an answer that is no JSON is its bytes', async () => {
    upstream.next(answerChat('<html>hello</html>'));
    await (await chat()).text();
    expect(await onlyRecord()).toMatchObject({ output_tokens: 18, token_source: 'estimated' });
  });
});
