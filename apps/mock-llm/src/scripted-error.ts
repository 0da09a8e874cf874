/** Errors a script asks for by status, as the providers name them. */
import { CLIENT_ERRORS, type ClientErrorEntry } from '@ai-gateway/contracts';

type Row = readonly [type: string, anthropicType: string, code: string, message: string];

const BAD_REQUEST: Row = [
  'invalid_request_error',
  'invalid_request_error',
  'invalid_request_error',
  'The request was refused by script.',
];
const SERVER_ERROR: Row = [
  'server_error',
  'api_error',
  'server_error',
  'The server had an error while processing your request.',
];

const ROWS: ReadonlyMap<number, Row> = new Map<number, Row>([
  [
    401,
    [
      'invalid_request_error',
      'authentication_error',
      'invalid_api_key',
      'Incorrect API key provided.',
    ],
  ],
  [
    403,
    [
      'invalid_request_error',
      'permission_error',
      'permission_denied',
      'You may not use this model.',
    ],
  ],
  [
    404,
    ['invalid_request_error', 'not_found_error', 'model_not_found', 'The model does not exist.'],
  ],
  [
    413,
    [
      'invalid_request_error',
      'request_too_large',
      'request_too_large',
      'The request is too large.',
    ],
  ],
  [
    429,
    ['requests', 'rate_limit_error', 'rate_limit_exceeded', 'Rate limit reached for requests.'],
  ],
  [503, ['service_unavailable', 'overloaded_error', 'overloaded', 'The server is overloaded.']],
  [529, ['service_unavailable', 'overloaded_error', 'overloaded', 'The server is overloaded.']],
]);

export function scriptedError(status: number): ClientErrorEntry {
  const row = ROWS.get(status) ?? (status >= 500 ? SERVER_ERROR : BAD_REQUEST);
  const [type, anthropicType, code, message] = row;
  return { ...CLIENT_ERRORS.internal_error, status, type, anthropicType, code, message };
}
