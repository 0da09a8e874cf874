/**
 * What Node's parser lets through and a gateway must not: ambiguous hosts and codings, absolute
 * targets, methods that echo credentials, too many header lines. Source: RFC 9112 §3, §6, §7 and
 * the request-smuggling literature.
 */
import type { IncomingMessage } from 'node:http';
import { refuse, type Refusal } from '../pipeline/refusal.js';

const MAX_HEADER_LINES = 128;
export const MAX_TARGET_CHARS = 8192;
/** Legal, but not spoken here; whatever else stands before `chunked` is a trick. */
const COMPRESSED_CHUNKS = /^\s*(?:(?:x-)?(?:gzip|compress|deflate)\s*,\s*)+chunked\s*$/i;
const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(['TRACE', 'CONNECT']);

/** @returns why the connection must be closed with an error, or null */
export function checkFraming(req: IncomingMessage): Refusal | null {
  return checkRequestLine(req) ?? checkHeaderLines(req) ?? checkCoding(req);
}

function checkRequestLine(req: IncomingMessage): Refusal | null {
  const { httpVersion, method = '', url = '' } = req;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return refuse('http_version_not_supported');
  if (FORBIDDEN_METHODS.has(method) || url === '*') return refuse('method_not_allowed');
  if (url.length > MAX_TARGET_CHARS) return refuse('uri_too_long');
  if (url.startsWith('/')) return null;
  return isOwnAbsoluteTarget(url, req.headers.host) ? null : refuse('bad_request_framing');
}

/** `GET http://host/path` is legal towards a proxy, as long as it names the host it is sent to. */
function isOwnAbsoluteTarget(url: string, host: string | undefined): boolean {
  const authority = /^https?:\/\/([^/?#]*)/i.exec(url)?.[1];
  return authority !== undefined && authority.toLowerCase() === host?.toLowerCase();
}

function checkHeaderLines(req: IncomingMessage): Refusal | null {
  const { rawHeaders } = req;
  if (rawHeaders.length > MAX_HEADER_LINES * 2) return refuse('headers_too_large');
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === 'host') hosts += 1;
  }
  const hostIsMissing = hosts === 0 && req.httpVersion === '1.1';
  return hosts > 1 || hostIsMissing ? refuse('bad_request_framing') : null;
}

function checkCoding(req: IncomingMessage): Refusal | null {
  const coding = req.headers['transfer-encoding'];
  if (coding === undefined) return null;
  if (req.httpVersion === '1.0') return refuse('bad_request_framing');
  if (/^\s*chunked\s*$/i.test(coding)) return null;
  return refuse(
    COMPRESSED_CHUNKS.test(coding) ? 'unsupported_transfer_coding' : 'bad_request_framing',
  );
}
