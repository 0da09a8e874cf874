/**
 * Request id and one access-log line per request. The line carries method, path (no query), status
 * and duration; never bodies, header values or query strings.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { requestIdFrom, type Logger } from '@ai-gateway/node-runtime';

const REQUEST_ID = Symbol('requestId');

type Next = (error?: unknown) => void;

/** Called once per finished request with the route's pattern, for metrics. */
export type RequestObserver = (request: IncomingMessage, response: ServerResponse) => void;

/** Noisy when polled; failures are logged all the same. */
const QUIET_PATHS = new Set([
  '/livez',
  '/readyz',
  '/metrics',
  '/api/v1/feed/head',
  '/api/v1/instances/heartbeat',
]);

export const requestIdOf = (request: object): string =>
  (request as { [REQUEST_ID]?: string })[REQUEST_ID] ?? 'unknown';

const INTERNAL = Symbol('internal');

/** A request that is part of another one, which is logged and counted for both. */
export function markInternal(request: object): void {
  Object.defineProperty(request, INTERNAL, { value: true });
}

const isInternal = (request: object): boolean => INTERNAL in request;

export function requestLog(logger: Logger, observe: RequestObserver) {
  return (request: IncomingMessage, response: ServerResponse, next: Next): void => {
    const startedMs = performance.now();
    const requestId = requestIdFrom(request.headers['x-request-id']);
    Object.defineProperty(request, REQUEST_ID, { value: requestId });
    response.setHeader('x-request-id', requestId);
    if (isInternal(request)) {
      next();
      return;
    }
    const path = pathOf(request);
    response.once('close', () => {
      observe(request, response);
      const level = QUIET_PATHS.has(path) && response.statusCode < 400 ? 'debug' : 'info';
      logger[level](
        {
          request_id: requestId,
          method: request.method,
          path,
          status: response.statusCode,
          duration_ms: Math.round(performance.now() - startedMs),
          ...(response.writableFinished ? {} : { aborted: true }),
        },
        'request',
      );
    });
    next();
  };
}

/** Express rewrites `url` within routers; the original stands in `originalUrl`. */
export const pathOf = (request: IncomingMessage): string =>
  ((request as { originalUrl?: string }).originalUrl ?? request.url ?? '/').split('?', 1)[0] ?? '/';
