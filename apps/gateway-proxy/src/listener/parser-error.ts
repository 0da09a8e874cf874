/** Answers for bytes that never became a request: written to the socket by hand, then closed. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { Socket } from 'node:net';
import { CLIENT_ERRORS, type ClientErrorReason } from '@ai-gateway/contracts';
import { errorBody } from '@ai-gateway/llm-wire';
import { newRequestId } from '@ai-gateway/node-runtime';
import type { RequestRecorder } from '../pipeline/request-recorder.js';

const REASONS = new Map<string, ClientErrorReason>([
  ['HPE_HEADER_OVERFLOW', 'headers_too_large'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 'body_too_large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', 'request_timeout'],
]);

export function answerParserError(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  recorder: RequestRecorder,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const reason = REASONS.get(error.code ?? '') ?? 'bad_request_framing';
  const requestId = newRequestId();
  rejectRaw(socket, reason, requestId);
  recorder.recordRejected(reason, requestId, addressOf(socket), error.code ?? '');
}

export function rejectRaw(socket: Duplex, reason: ClientErrorReason, requestId: string): void {
  const entry = CLIENT_ERRORS[reason];
  const body = JSON.stringify(errorBody('openai', entry, { requestId }));
  socket.end(
    `HTTP/1.1 ${entry.status} ${STATUS_CODES[entry.status] ?? 'Error'}\r\n` +
      `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `x-request-id: ${requestId}\r\nx-gateway-error: ${entry.code}\r\nconnection: close\r\n\r\n` +
      body,
    () => socket.destroy(),
  );
}

const addressOf = (socket: Duplex): string =>
  socket instanceof Socket ? (socket.remoteAddress ?? '') : '';
