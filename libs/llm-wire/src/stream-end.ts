/**
 * How streams end. OpenAI's end with `data: [DONE]`, Anthropic's with `message_stop`; an error in
 * the stream is an event that official SDKs raise. A stream that stops without either was broken
 * off, and must not be given a clean end.
 */
import type { ClientErrorEntry } from '@ai-gateway/contracts';
import { errorBody, type ErrorDetails } from './error-body.js';
import { asRecord } from './json-value.js';
import type { SseEvent } from './sse-reader.js';
import type { WireProtocol } from './surfaces.js';

export type StreamEventKind = 'delta' | 'done' | 'error';

const DONE = Buffer.from('[DONE]');
/** With some stray spaces; far below the size of any delta. */
const MAX_DONE_BYTES = 16;
const ERROR_KEY = Buffer.from('"error"');
const MESSAGE_STOP = Buffer.from('"message_stop"');
/** `{"type":"message_stop"}` with room for spaces and a few fields that proxies add. */
const MAX_STOP_BYTES = 256;

/** OpenAI's end of a stream. */
export const DONE_EVENT: Buffer = Buffer.from('data: [DONE]\n\n');

/** Costs a byte search per event; parses only what may be an error. */
export function streamEventKind(protocol: WireProtocol, event: SseEvent): StreamEventKind {
  const { data, type } = event;
  if (protocol === 'openai' && isDone(data)) return 'done';
  if (protocol === 'anthropic' && isMessageStop(event)) return 'done';
  if (type === 'error') return 'error';
  return data.includes(ERROR_KEY) && isErrorData(data) ? 'error' : 'delta';
}

function isDone(data: Buffer): boolean {
  if (data.equals(DONE)) return true;
  return data.length <= MAX_DONE_BYTES && data.toString('latin1').trim() === '[DONE]';
}

/** Some proxies drop the `event` field, so the data is asked too. */
function isMessageStop({ type, data }: SseEvent): boolean {
  if (type === 'message_stop') return true;
  if (type !== 'message' || data.length > MAX_STOP_BYTES || !data.includes(MESSAGE_STOP)) {
    return false;
  }
  return asRecord(parseEventData(data))?.type === 'message_stop';
}

function isErrorData(data: Buffer): boolean {
  const fields = asRecord(parseEventData(data));
  return fields !== null && (fields.type === 'error' || isError(fields.error));
}

const isError = (error: unknown): boolean =>
  asRecord(error) !== null || (typeof error === 'string' && error !== '');

/** The JSON value of an event's data; undefined when it is not JSON. */
export function parseEventData(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** One event as bytes. @param value becomes one line of JSON */
export function sseEvent(value: unknown, type?: string): Buffer {
  const name = type === undefined ? '' : `event: ${type}\n`;
  return Buffer.from(`${name}data: ${JSON.stringify(value)}\n\n`);
}

/** The in-band error that ends a stream; nothing may follow it, not even `[DONE]`. */
export const errorEvent = (
  protocol: WireProtocol,
  entry: ClientErrorEntry,
  details: ErrorDetails,
): Buffer =>
  sseEvent(errorBody(protocol, entry, details), protocol === 'anthropic' ? 'error' : undefined);
