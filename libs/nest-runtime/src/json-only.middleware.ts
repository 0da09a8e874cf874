/** Bodies are JSON: anything else on a writing method is refused before it is read (also CSRF). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AdminError } from './admin-error.js';

const WRITES = new Set(['POST', 'PUT', 'PATCH']);
export const JSON_TYPE = /^application\/json\s*(;|$)/i;

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

export function jsonOnly(readsOwnBody: (request: IncomingMessage) => boolean) {
  return (
    request: IncomingMessage,
    _response: ServerResponse,
    next: (error?: unknown) => void,
  ): void => {
    const type = request.headers['content-type'];
    const writes = WRITES.has(request.method ?? '') && !readsOwnBody(request);
    const wrongType = type === undefined ? hasBody(request) : !JSON_TYPE.test(type);
    next(writes && wrongType ? new AdminError('UNSUPPORTED_MEDIA_TYPE') : undefined);
  };
}
