/** Every error of the admin API and the token service, in one table. */
import { z } from 'zod';
import type { LogLevel } from './log-level.js';

export interface AdminErrorEntry {
  status: number;
  retryable: boolean;
  level: LogLevel;
  message: string;
}

type Row = readonly [status: number, retryable: boolean, level: LogLevel, message: string];

const ROWS = {
  INVALID_JSON: [400, false, 'info', 'The body is not valid JSON.'],
  VALIDATION_FAILED: [400, false, 'info', 'The request is not valid.'],
  UNAUTHENTICATED: [401, false, 'info', 'A valid credential is required.'],
  INVALID_TOKEN: [401, false, 'info', 'The access token is not valid.'],
  INVALID_LOGIN: [401, false, 'info', 'The user name or password is not right.'],
  FORBIDDEN: [403, false, 'info', 'Your role does not permit this.'],
  NOT_FOUND: [404, false, 'info', 'Not found.'],
  METHOD_NOT_ALLOWED: [405, false, 'info', 'The method is not allowed for this path.'],
  CONFLICT: [409, false, 'info', 'The resource exists already.'],
  IN_USE: [409, false, 'info', 'The resource is in use.'],
  ROLLOUT_ACTIVE: [
    409,
    false,
    'info',
    'A rollout of this resource must be promoted or abandoned first.',
  ],
  VERSION_MISMATCH: [412, false, 'info', 'The resource has changed since you read it.'],
  PAYLOAD_TOO_LARGE: [413, false, 'info', 'The body is too large.'],
  UNSUPPORTED_MEDIA_TYPE: [415, false, 'info', 'The body must be application/json.'],
  UNPROCESSABLE: [422, false, 'info', 'A value cannot be accepted.'],
  UNSUPPORTED_REGEX: [422, false, 'info', 'The regular expression is not supported.'],
  ADDRESS_NOT_ALLOWED: [422, false, 'info', 'The address is not allowed for upstream targets.'],
  CAP_EXCEEDED: [422, false, 'warn', 'There are as many resources of this kind as may be.'],
  VERSION_REQUIRED: [428, false, 'info', 'Send If-Match with the version you read, or *.'],
  TOO_MANY_ATTEMPTS: [429, true, 'warn', 'Too many attempts; try again later.'],
  STORE_UNAVAILABLE: [503, true, 'info', 'The store cannot be reached.'],
  OVERLOADED: [503, true, 'warn', 'The service is overloaded.'],
  INTERNAL: [500, true, 'error', 'The service failed.'],
} as const satisfies Record<string, Row>;

export type AdminErrorCode = keyof typeof ROWS;

const entry = ([status, retryable, level, message]: Row): AdminErrorEntry => ({
  status,
  retryable,
  level,
  message,
});

export const ADMIN_ERRORS = Object.fromEntries(
  Object.entries(ROWS).map(([code, row]) => [code, entry(row)]),
) as Record<AdminErrorCode, AdminErrorEntry>;

export const adminErrorBodySchema = z.object({
  code: z.enum(Object.keys(ROWS) as [AdminErrorCode, ...AdminErrorCode[]]),
  message: z.string(),
  details: z.array(z.object({ path: z.string(), message: z.string() })),
  request_id: z.string(),
});
export type AdminErrorBody = z.infer<typeof adminErrorBodySchema>;
export type AdminErrorDetail = AdminErrorBody['details'][number];
