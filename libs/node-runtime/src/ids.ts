/** Request ids: the client's if it is well-formed, else ours. */
import { randomBytes } from 'node:crypto';

const WELL_FORMED = /^[A-Za-z0-9._-]{1,128}$/;
const POOL_IDS = 256;
const ID_BYTES = 12;

let pool = Buffer.alloc(0);
let offset = 0;

/** 96 random bits as `req_` + hex; random bytes are drawn in blocks, one system call per 256 ids. */
export function newRequestId(): string {
  if (offset >= pool.length) {
    pool = randomBytes(POOL_IDS * ID_BYTES);
    offset = 0;
  }
  const id = pool.toString('hex', offset, offset + ID_BYTES);
  offset += ID_BYTES;
  return `req_${id}`;
}

export const requestIdFrom = (header: string | string[] | undefined): string =>
  typeof header === 'string' && WELL_FORMED.test(header) ? header : newRequestId();
