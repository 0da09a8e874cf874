/** Which error of our table an upstream failure is: the one place that reads the clients' codes. */
import type { ClientErrorReason } from '@ai-gateway/contracts';

/** A WebSocket handshake took too long; undici has errors of its own. */
export class UpstreamTimeoutError extends Error {
  override readonly name = 'UpstreamTimeoutError';
  readonly code = 'UPSTREAM_TIMEOUT';
}

const REASONS = new Map<string, ClientErrorReason>([
  ['UND_ERR_HEADERS_TIMEOUT', 'upstream_timeout'],
  ['UND_ERR_BODY_TIMEOUT', 'upstream_timeout'],
  ['UPSTREAM_TIMEOUT', 'upstream_timeout'],
  ['UND_ERR_CONNECT_TIMEOUT', 'upstream_connect_error'],
  ['ECONNECT_TIMEOUT', 'upstream_connect_error'],
  ['ECONNREFUSED', 'upstream_connect_error'],
  ['EHOSTUNREACH', 'upstream_connect_error'],
  ['ENETUNREACH', 'upstream_connect_error'],
  ['ETIMEDOUT', 'upstream_connect_error'],
  ['ENOTFOUND', 'upstream_connect_error'],
  ['EAI_AGAIN', 'upstream_connect_error'],
  ['ADDRESS_NOT_ALLOWED', 'upstream_connect_error'],
]);

/** Failures before a connection existed: nothing was sent, another target may be tried. */
const NOT_CONNECTED: ReadonlySet<string> = new Set(
  [...REASONS].filter(([, reason]) => reason === 'upstream_connect_error').map(([code]) => code),
);

const codeOf = (error: Error): string => (error as NodeJS.ErrnoException).code ?? '';

export const failureReason = (error: Error): ClientErrorReason =>
  REASONS.get(codeOf(error)) ??
  (isTlsError(error) ? 'upstream_connect_error' : 'upstream_protocol_error');

export const wasNeverSent = (error: Error): boolean =>
  NOT_CONNECTED.has(codeOf(error)) || isTlsError(error);

const isTlsError = (error: Error): boolean =>
  /^(?:ERR_TLS_|CERT_|DEPTH_|UNABLE_TO_|SELF_SIGNED)/.test(codeOf(error));
