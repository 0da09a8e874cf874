/**
 * While the database is away, reads of configuration that were answered before are answered again
 * from memory and say so (`Warning: 110`, `Age`). Writes never are, nor is anything that says how
 * things stand now, nor users. Rejected: the copy in Redis as a second source, which carries other
 * shapes and no versions.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AdminError, principalOf } from '@ai-gateway/nest-runtime';
import {
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { catchError, of, tap, throwError, type Observable } from 'rxjs';
import { translateStoreError } from '../database/database-errors.js';
import { StaleAnswers, isFromMemoryOnly } from './stale-answers.js';

const MAX_ANSWERS = 500;
const MAX_LENGTH = 16 * 1024 * 1024;
const CONFIGURATION =
  /^\/api\/v1\/(namespaces|matchers|rules|policies|upstreams|targets|models|routes|api-keys|settings)\b/;

type Request = IncomingMessage & { originalUrl?: string };

@Injectable()
export class StaleAnswersInterceptor implements NestInterceptor {
  private readonly answers = new StaleAnswers({
    maxAnswers: MAX_ANSWERS,
    maxLength: MAX_LENGTH,
    nowMs: Date.now,
  });

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<ServerResponse>();
    const key = keyOf(request);
    if (isFromMemoryOnly(request)) return this.recalled(key, response, unavailable());
    if (key === null) return next.handle();
    return next.handle().pipe(
      tap((value: unknown) => this.keep(key, value, response)),
      catchError((error: unknown) =>
        isUnavailable(error) ? this.recalled(key, response, error) : throwError(() => error),
      ),
    );
  }

  private keep(key: string, value: unknown, response: ServerResponse): void {
    if (value === undefined || response.statusCode !== 200) return;
    const etag = response.getHeader('etag');
    this.answers.keep(key, value, typeof etag === 'string' ? etag : null);
  }

  private recalled(
    key: string | null,
    response: ServerResponse,
    error: unknown,
  ): Observable<unknown> {
    const value = key === null ? undefined : this.answers.recall(key, response);
    return value === undefined ? throwError(() => error) : of(value);
  }
}

/** Whose access was checked, and with which role: another role may see another answer. */
function keyOf(request: Request): string | null {
  const principal = principalOf(request);
  const url = request.originalUrl ?? request.url ?? '';
  if (request.method !== 'GET' || principal?.kind !== 'user') return null;
  return CONFIGURATION.test(url) ? `${principal.roles.join()} ${url}` : null;
}

const unavailable = (): AdminError => new AdminError('STORE_UNAVAILABLE');

const isUnavailable = (error: unknown): boolean =>
  error instanceof AdminError
    ? error.code === 'STORE_UNAVAILABLE'
    : translateStoreError(error) !== null;
