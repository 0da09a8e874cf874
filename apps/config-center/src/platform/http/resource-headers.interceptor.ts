/**
 * Turns what a controller returns into the headers the conventions ask for: `ETag` from `version`,
 * `X-Config-Revision` for writes, 201 and `Location` for what was created.
 */
import type { ServerResponse } from 'node:http';
import {
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import { Written } from '../revisions/config-revisions.js';

@Injectable()
export class ResourceHeadersInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const response = context.switchToHttp().getResponse<ServerResponse>();
    return next.handle().pipe(map((result: unknown) => present(result, response)));
  }
}

/** What is to happen with a result before its answer is sent. */
type BeforeSending = (result: unknown) => Promise<void>;
const BEFORE_SENDING = Symbol('beforeSending');

/** For interceptors: answers sent by hand do not pass through them. */
export function beforeSending(response: ServerResponse, work: BeforeSending): void {
  Object.defineProperty(response, BEFORE_SENDING, { value: work, configurable: true });
}

/**
 * For the route that both creates and updates: the framework sets one status per route after its
 * interceptors, so here the answer is sent by hand.
 */
export async function sendWritten(
  written: Written<unknown>,
  response: ServerResponse,
): Promise<void> {
  await (response as { [BEFORE_SENDING]?: BeforeSending })[BEFORE_SENDING]?.(written);
  response.statusCode = 200;
  const value = present(written, response);
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.end(JSON.stringify(value));
}

function present(result: unknown, response: ServerResponse): unknown {
  const value: unknown = result instanceof Written ? result.value : result;
  if (result instanceof Written) {
    if (result.revision !== null) {
      response.setHeader('X-Config-Revision', String(result.revision));
    }
    if (result.location !== null) {
      response.statusCode = 201;
      response.setHeader('Location', result.location);
    }
  }
  const version = (value as { version?: unknown } | null | undefined)?.version;
  if (typeof version === 'number') response.setHeader('ETag', `"${version}"`);
  return value;
}
