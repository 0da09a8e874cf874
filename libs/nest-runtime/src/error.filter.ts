/**
 * The one place that turns an error into a response: `{code, message, details, request_id}` with
 * the status of the error table. What is not an AdminError and not a known HTTP error becomes
 * INTERNAL; its text reaches only the log.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ADMIN_ERRORS, type AdminErrorBody, type AdminErrorCode } from '@ai-gateway/contracts';
import type { Logger } from '@ai-gateway/node-runtime';
import { HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { bearerOf, principalOf } from './access.decorators.js';
import { AdminError } from './admin-error.js';
import { pathOf, requestIdOf } from './request-log.middleware.js';

/** The methods a path takes; empty when the path is unknown. */
export type AllowedMethods = (path: string) => readonly string[];

const CODE_OF_STATUS: ReadonlyMap<number, AdminErrorCode> = new Map([
  [400, 'VALIDATION_FAILED'],
  [401, 'UNAUTHENTICATED'],
  [403, 'FORBIDDEN'],
  [404, 'NOT_FOUND'],
  [405, 'METHOD_NOT_ALLOWED'],
  [413, 'PAYLOAD_TOO_LARGE'],
  [415, 'UNSUPPORTED_MEDIA_TYPE'],
  [503, 'OVERLOADED'],
]);

export interface ErrorFilterOptions {
  logger: Logger;
  allowedMethods: AllowedMethods;
  /** Without any credential an unknown path answers 401, like a known one. */
  hideUnknownPaths?: boolean | undefined;
  /** Recognises errors of stores and the like; null: not one of those. */
  translate?: ((error: unknown) => AdminError | null) | undefined;
}

export class ErrorFilter implements ExceptionFilter {
  constructor(private readonly options: ErrorFilterOptions) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<IncomingMessage>();
    const response = http.getResponse<ServerResponse>();
    const adminError = this.toAdminError(error, request);
    this.log(adminError, request);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    writeError(adminError, request, response);
  }

  private toAdminError(error: unknown, request: IncomingMessage): AdminError {
    if (error instanceof AdminError) return error;
    const translated = this.options.translate?.(error) ?? null;
    if (translated !== null) return translated;
    if (!(error instanceof HttpException)) return new AdminError('INTERNAL', { cause: error });
    if (isJsonSyntaxError(error)) return new AdminError('INVALID_JSON', { cause: error });
    if (error.getStatus() === 404) return this.notFound(error, request);
    const code = CODE_OF_STATUS.get(error.getStatus()) ?? 'INTERNAL';
    return new AdminError(code, { cause: error });
  }

  private notFound(error: HttpException, request: IncomingMessage): AdminError {
    const isStranger =
      bearerOf(request.headers.authorization) === null && principalOf(request) === null;
    if (this.options.hideUnknownPaths && isStranger) {
      return new AdminError('UNAUTHENTICATED', { headers: { 'WWW-Authenticate': 'Bearer' } });
    }
    const allowed = this.options.allowedMethods(pathOf(request));
    if (allowed.length === 0) return new AdminError('NOT_FOUND', { cause: error });
    return new AdminError('METHOD_NOT_ALLOWED', { headers: { Allow: allowed.join(', ') } });
  }

  private log(error: AdminError, request: IncomingMessage): void {
    const { level } = ADMIN_ERRORS[error.code];
    if (level === 'info') return;
    this.options.logger[level](
      { err: error.cause ?? error, code: error.code, request_id: requestIdOf(request) },
      error.message,
    );
  }
}

export function writeError(
  error: AdminError,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { status, message } = ADMIN_ERRORS[error.code];
  const body: AdminErrorBody & Record<string, unknown> = {
    code: error.code,
    message,
    details: [...error.details],
    request_id: requestIdOf(request),
    ...error.report,
  };
  for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
  response.statusCode = status;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.end(JSON.stringify(body));
}

/** body-parser's errors carry what went wrong in `type`. */
function isJsonSyntaxError(error: HttpException): boolean {
  const type = (error.cause as { type?: unknown } | undefined)?.type;
  return type === 'entity.parse.failed' || type === 'request.size.invalid';
}
