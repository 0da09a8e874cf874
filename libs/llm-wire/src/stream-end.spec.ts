import { CLIENT_ERRORS } from '@ai-gateway/contracts';
import { describe, expect, it } from 'vitest';
import { errorBody } from './error-body.js';
import { SseReader, type SseEvent } from './sse-reader.js';
import { DONE_EVENT, errorEvent, streamEventKind, type StreamEventKind } from './stream-end.js';
import type { WireProtocol } from './surfaces.js';

function eventsOf(stream: string | Buffer): SseEvent[] {
  const events: SseEvent[] = [];
  new SseReader((event) => events.push(event)).push(Buffer.from(stream));
  return events;
}

const kindsOf = (protocol: WireProtocol, stream: string | Buffer): StreamEventKind[] =>
  eventsOf(stream).map((event) => streamEventKind(protocol, event));

describe('streamEventKind', () => {
  it.each<[WireProtocol, string, StreamEventKind]>([
    ['openai', 'data: [DONE]', 'done'],
    ['openai', 'data:[DONE] ', 'done'],
    ['openai', 'data: "[DONE]"', 'delta'],
    ['openai', 'data: {"choices":[{"delta":{"content":"[DONE]"}}]}', 'delta'],
    ['openai', 'data: {"error":{"message":"x"}}', 'error'],
    ['openai', 'data: {"error":"overloaded"}', 'error'],
    ['openai', 'data: {"error":null,"choices":[]}', 'delta'],
    ['openai', 'data: {"choices":[{"delta":{"content":"\\"error\\":{}"}}]}', 'delta'],
    ['openai', 'data: {"choices":[{"delta":{"error":{}}}]}', 'delta'],
    ['openai', 'event: error\ndata: x', 'error'],
    ['openai', 'data: {"error":', 'delta'],
    ['anthropic', 'event: message_stop\ndata: {"type":"message_stop"}', 'done'],
    ['anthropic', 'data: {"type":"message_stop"}', 'done'],
    [
      'anthropic',
      'data: {"type":"content_block_delta","delta":{"text":"\\"message_stop\\""}}',
      'delta',
    ],
    ['anthropic', 'data: {"type":"x","y":"message_stop"}', 'delta'],
    [
      'anthropic',
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}',
      'error',
    ],
    ['anthropic', 'data: {"type":"error","error":{}}', 'error'],
    ['anthropic', 'event: ping\ndata: {"type":"ping"}', 'delta'],
  ])('in %s of %j is %s', (protocol, lines, kind) => {
    expect(kindsOf(protocol, `${lines}\n\n`)).toEqual([kind]);
  });

  it('recognises what this library writes', () => {
    expect(kindsOf('openai', DONE_EVENT)).toEqual(['done']);
    for (const protocol of ['openai', 'anthropic'] as const) {
      const bytes = errorEvent(protocol, CLIENT_ERRORS.upstream_timeout, { requestId: 'r' });
      expect(kindsOf(protocol, bytes)).toEqual(['error']);
    }
  });
});

describe('errorBody', () => {
  const details = { requestId: 'req_1', message: 'Too "fast".', param: 'n', rule: 'basic' };

  it('has OpenAI’s shape', () => {
    expect(errorBody('openai', CLIENT_ERRORS.rate_limit_exceeded, details)).toEqual({
      error: {
        message: 'Too "fast".',
        type: 'rate_limit_exceeded',
        code: 'F42900',
        param: 'n',
        request_id: 'req_1',
        rule: 'basic',
      },
    });
  });

  it('has Anthropic’s shape', () => {
    expect(errorBody('anthropic', CLIENT_ERRORS.rate_limit_exceeded, details)).toEqual({
      type: 'error',
      error: { type: 'rate_limit_error', message: 'Too "fast".', code: 'F42900', rule: 'basic' },
      request_id: 'req_1',
    });
  });

  it('takes the table’s message when there is none', () => {
    const { message } = CLIENT_ERRORS.invalid_json;
    expect(errorBody('openai', CLIENT_ERRORS.invalid_json, { requestId: 'r' })).toMatchObject({
      error: { message, param: null },
    });
  });

  it('stays one event when a message holds line ends', () => {
    const bytes = errorEvent('openai', CLIENT_ERRORS.internal_error, {
      requestId: 'r',
      message: 'a\n\ndata: [DONE]\r\n',
    });
    expect(kindsOf('openai', bytes)).toEqual(['error']);
  });
});
