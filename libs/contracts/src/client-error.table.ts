/**
 * Every error the data plane makes, in one table. Only the message of this table and details
 * marked safe reach a client. The key is the reason in logs and metrics; `code` is what the client
 * reads (the codes of the source documents where they exist).
 */
import type { LogLevel } from './log-level.js';

export interface ClientErrorEntry {
  code: string;
  status: number;
  /** `error.type` in OpenAI's shape. */
  type: string;
  /** `error.type` in Anthropic's shape. */
  anthropicType: string;
  /** May the same request succeed later? */
  retryable: boolean;
  level: LogLevel;
  message: string;
}

type Row = readonly [
  code: string,
  status: number,
  type: string,
  anthropicType: string,
  retryable: boolean,
  level: LogLevel,
  message: string,
];

const BAD = 'invalid_request_error';

// One row per line, so that it reads as a table.
// prettier-ignore
const ROWS = {
  bad_request_framing: ['bad_request_framing', 400, BAD, BAD, false, 'info', 'The request is not valid HTTP.'],
  unsupported_transfer_coding: ['unsupported_transfer_coding', 501, BAD, BAD, false, 'info', 'The transfer coding is not supported.'],
  http_version_not_supported: ['http_version_not_supported', 505, BAD, BAD, false, 'info', 'The HTTP version is not supported.'],
  method_not_allowed: ['method_not_allowed', 405, BAD, BAD, false, 'info', 'The method is not allowed for this path.'],
  expectation_failed: ['expectation_failed', 417, BAD, BAD, false, 'info', 'The expectation cannot be met.'],
  upgrade_required: ['upgrade_required', 426, BAD, BAD, false, 'info', 'This path does not take protocol upgrades.'],
  request_timeout: ['request_timeout', 408, BAD, BAD, true, 'info', 'The request did not arrive in time.'],
  uri_too_long: ['uri_too_long', 414, BAD, BAD, false, 'info', 'The request target is too long.'],
  headers_too_large: ['headers_too_large', 431, BAD, BAD, false, 'info', 'The request has too many or too large header fields.'],
  invalid_path: ['invalid_path', 400, BAD, BAD, false, 'info', 'The path contains encoded slashes, dot segments or control bytes.'],
  body_too_large: ['body_too_large', 413, BAD, 'request_too_large', false, 'info', 'The body is too large.'],
  unsupported_media_type: ['unsupported_media_type', 415, BAD, BAD, false, 'info', 'The body must be application/json without content coding.'],
  invalid_encoding: ['invalid_encoding', 400, BAD, BAD, false, 'info', 'The body is not valid UTF-8.'],
  invalid_json: ['invalid_json', 400, BAD, BAD, false, 'info', 'The body is not valid JSON.'],
  json_too_deep: ['json_too_deep', 400, BAD, BAD, false, 'info', 'The JSON body is nested too deeply.'],
  json_too_large: ['json_too_large', 413, BAD, 'request_too_large', false, 'info', 'The JSON body has too many elements.'],
  duplicate_key: ['duplicate_key', 400, BAD, BAD, false, 'info', 'A field that decides routing or limits appears twice.'],
  invalid_request: ['invalid_request', 400, BAD, BAD, false, 'info', 'The request is not valid.'],
  ambiguous_routing_header: ['ambiguous_routing_header', 400, BAD, BAD, false, 'info', 'A header that decides routing appears twice.'],
  ambiguous_credentials: ['ambiguous_credentials', 401, 'authentication_error', 'authentication_error', false, 'info', 'The request carries more than one credential.'],
  invalid_api_key: ['invalid_api_key', 401, 'authentication_error', 'authentication_error', false, 'info', 'The API key is missing or not valid.'],
  namespace_forbidden: ['namespace_forbidden', 403, 'permission_error', 'permission_error', false, 'info', 'The API key may not be used in this namespace.'],
  no_namespace: ['no_namespace', 403, 'permission_error', 'permission_error', false, 'info', 'No namespace recognises this request.'],
  namespace_unavailable: ['namespace_unavailable', 503, 'service_unavailable', 'overloaded_error', true, 'warn', 'The namespace of this request cannot be served now.'],
  field_check_failed: ['field_check_failed', 403, 'permission_error', 'permission_error', false, 'info', 'A field of the request is not allowed.'],
  field_check_invalid: ['field_check_failed', 400, BAD, BAD, false, 'info', 'A field of the request is not allowed.'],
  route_not_found: ['F40400', 404, 'route_not_found', 'not_found_error', false, 'info', 'No route for this path.'],
  model_not_found: ['model_not_found', 404, BAD, 'not_found_error', false, 'info', 'The model does not exist or is not available to you.'],
  rate_limit_exceeded: ['F42900', 429, 'rate_limit_exceeded', 'rate_limit_error', true, 'info', 'The request limit is exceeded.'],
  concurrency_limit_exceeded: ['F42900', 429, 'concurrency_limit_exceeded', 'rate_limit_error', true, 'info', 'Too many requests in flight.'],
  token_limit_exceeded: ['F42900', 429, 'token_limit_exceeded', 'rate_limit_error', true, 'info', 'The token limit is exceeded.'],
  prompt_exceeds_limit: ['prompt_exceeds_limit', 400, BAD, BAD, false, 'info', 'The prompt is larger than the token limit can ever admit.'],
  limiter_unavailable: ['limiter_unavailable', 503, 'service_unavailable', 'overloaded_error', true, 'warn', 'The limits cannot be checked now.'],
  config_not_ready: ['config_not_ready', 503, 'service_unavailable', 'overloaded_error', true, 'warn', 'The gateway has no configuration yet.'],
  auth_stale: ['auth_stale', 503, 'service_unavailable', 'overloaded_error', true, 'warn', 'API keys cannot be checked now.'],
  overloaded: ['overloaded', 503, 'service_unavailable', 'overloaded_error', true, 'warn', 'The gateway is overloaded.'],
  shutting_down: ['shutting_down', 503, 'service_unavailable', 'overloaded_error', true, 'info', 'The gateway is shutting down.'],
  no_healthy_upstream: ['F50300', 503, 'service_unavailable', 'overloaded_error', true, 'warn', 'No upstream can take the request.'],
  circuit_open: ['F50301', 503, 'service_unavailable', 'overloaded_error', true, 'warn', 'The upstream is failing and given time to recover.'],
  upstream_connect_error: ['upstream_connect_error', 502, 'upstream_error', 'api_error', true, 'warn', 'The upstream cannot be reached.'],
  upstream_protocol_error: ['upstream_protocol_error', 502, 'upstream_error', 'api_error', true, 'warn', 'The upstream broke off or answered with invalid HTTP.'],
  upstream_redirect: ['upstream_redirect', 502, 'upstream_error', 'api_error', false, 'warn', 'The upstream answered with a redirect.'],
  upstream_refused_credential: ['upstream_refused_credential', 502, 'upstream_error', 'api_error', false, 'error', 'The upstream refused the gateway’s credential.'],
  upstream_timeout: ['F50400', 504, 'gateway_timeout', 'api_error', true, 'warn', 'The upstream did not answer in time.'],
  internal_error: ['internal_error', 500, 'server_error', 'api_error', true, 'error', 'The gateway failed.'],
} as const satisfies Record<string, Row>;

export type ClientErrorReason = keyof typeof ROWS;

const entry = (row: Row): ClientErrorEntry => {
  const [code, status, type, anthropicType, retryable, level, message] = row;
  return { code, status, type, anthropicType, retryable, level, message };
};

export const CLIENT_ERRORS = Object.fromEntries(
  Object.entries(ROWS).map(([reason, row]) => [reason, entry(row)]),
) as Record<ClientErrorReason, ClientErrorEntry>;
