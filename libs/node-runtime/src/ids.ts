/** Request ids: the client's if it is well-formed, else ours. */
import { randomBytes } from 'node:crypto';

const WELL_FORMED = /^[A-Za-z0-9._-]{1,128}$/;
const PROCESS_BYTES = 8;
const COUNTER_DIGITS = 8;

const processPart = randomBytes(PROCESS_BYTES).toString('hex');
let counter = 0;

/**
 * `req_`, 64 bits that are random per process, and a counter: unique, not secret. Random bytes for
 * each id cost ten times as much on the request path.
 */
export function newRequestId(): string {
  counter = (counter + 1) % 2 ** 32;
  return `req_${processPart}${counter.toString(16).padStart(COUNTER_DIGITS, '0')}`;
}

export const requestIdFrom = (header: string | string[] | undefined): string =>
  typeof header === 'string' && WELL_FORMED.test(header) ? header : newRequestId();
