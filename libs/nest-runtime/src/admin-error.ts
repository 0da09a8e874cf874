/**
 * An error of the admin API or the token service: a code of the error table, what caused it (for
 * the log) and details that are safe for a client.
 */
import { ADMIN_ERRORS, type AdminErrorCode, type AdminErrorDetail } from '@ai-gateway/contracts';

export interface AdminErrorOptions {
  cause?: unknown;
  /** Reaches the client: no secrets, no text of other systems. */
  details?: readonly AdminErrorDetail[];
  /** Extra response headers, for example `Retry-After`. */
  headers?: Readonly<Record<string, string>>;
  /** Further fields of the body; reaches the client like `details`. */
  report?: Readonly<Record<string, unknown>>;
}

export class AdminError extends Error {
  override readonly name = 'AdminError';
  readonly details: readonly AdminErrorDetail[];
  readonly headers: Readonly<Record<string, string>>;
  readonly report: Readonly<Record<string, unknown>>;

  constructor(
    readonly code: AdminErrorCode,
    { cause, details = [], headers = {}, report = {} }: AdminErrorOptions = {},
  ) {
    super(ADMIN_ERRORS[code].message, { cause });
    this.details = details;
    this.headers = headers;
    this.report = report;
  }
}
