/**
 * Bytes that never became a request. The answer is written to the socket by hand, but never into
 * another answer: requests that came before on the connection are answered first, and a request
 * whose body breaks is refused by the pipeline that is reading it.
 */
import { METHODS, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { CLIENT_ERRORS, type ClientErrorReason } from '@ai-gateway/contracts';
import { errorBody } from '@ai-gateway/llm-wire';
import { newRequestId } from '@ai-gateway/node-runtime';
import { refuse } from '../pipeline/refusal.js';
import type { RequestContext } from '../pipeline/request-context.js';
import type { RequestRecorder } from '../pipeline/request-recorder.js';
import { MAX_TARGET_CHARS } from './framing.check.js';

const REASONS = new Map<string, ClientErrorReason>([
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 'body_too_large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', 'request_timeout'],
]);

/** How long a refused connection is still read, so that the client can read the answer. */
const LINGER_MS = 1000;

/** A field of the socket, so that it goes with it. */
const LAST_REQUEST = Symbol('last request of the connection');

interface Connection extends Duplex {
  [LAST_REQUEST]?: RequestContext;
}

interface ParserError extends NodeJS.ErrnoException {
  /** The segment the parser stumbled over. */
  rawPacket?: Buffer;
}

export class ParserErrors {
  /** Node reports every further segment of a connection that has failed once. */
  private readonly failed = new WeakSet<Duplex>();

  constructor(private readonly recorder: RequestRecorder) {}

  onRequest(ctx: RequestContext): void {
    (ctx.req.socket as Connection)[LAST_REQUEST] = ctx;
  }

  onError(error: ParserError, socket: Duplex): void {
    if (this.failed.has(socket)) return;
    this.failed.add(socket);
    const reason = reasonOf(error);
    if (reason === null) {
      socket.destroy();
      return;
    }
    const ctx = (socket as Connection)[LAST_REQUEST];
    if (ctx === undefined || ctx.res.writableFinished) return this.answer(socket, reason, error);
    if (ctx.req.complete) ctx.res.once('close', () => this.answer(socket, reason, error));
    else breakUpload(ctx, reason);
  }

  private answer(socket: Duplex, reason: ClientErrorReason, { code = '' }: ParserError): void {
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const requestId = newRequestId();
    rejectRaw(socket, reason, requestId);
    this.recorder.recordRejected(reason, requestId, (socket as Socket).remoteAddress ?? '', code);
  }
}

function breakUpload(ctx: RequestContext, reason: ClientErrorReason): void {
  ctx.uploadBroken = true;
  if (ctx.rejectUpload === null) ctx.res.end();
  else ctx.rejectUpload(refuse(reason));
}

/** Null for what is not about HTTP: resets, broken pipes. */
function reasonOf({ code = '', rawPacket }: ParserError): ClientErrorReason | null {
  const known = REASONS.get(code);
  if (known !== undefined) return known;
  if (!code.startsWith('HPE_')) return null;
  const head = rawPacket?.toString('latin1', 0, MAX_TARGET_CHARS) ?? '';
  return reasonByHead(code, head) ?? 'bad_request_framing';
}

/** The parser's code alone says too little; the segment may also begin with an earlier request. */
function reasonByHead(code: string, head: string): ClientErrorReason | null {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return /^[A-Z]+ \/[^\n]*$/.test(head) ? 'uri_too_long' : 'headers_too_large';
  }
  if (code === 'HPE_INVALID_VERSION') {
    return /^\S+ \S+ HTTP\/\d\.\d\r/.test(head) ? 'http_version_not_supported' : null;
  }
  const method = /^([A-Z-]{1,32}) \//.exec(head)?.[1];
  const isUnknown = method !== undefined && !METHODS.includes(method);
  return code === 'HPE_INVALID_METHOD' && isUnknown ? 'method_not_allowed' : null;
}

export function rejectRaw(socket: Duplex, reason: ClientErrorReason, requestId: string): void {
  const entry = CLIENT_ERRORS[reason];
  const body = JSON.stringify(errorBody('openai', entry, { requestId }));
  socket.end(
    `HTTP/1.1 ${entry.status} ${STATUS_CODES[entry.status] ?? 'Error'}\r\n` +
      `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `x-request-id: ${requestId}\r\nx-gateway-error: ${entry.code}\r\nconnection: close\r\n\r\n` +
      body,
  );
  // Closing with unread bytes would reset the connection before the client has read this.
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.resume();
}
