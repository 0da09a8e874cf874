/**
 * Reservation ids: unique over instances and restarts, short because each is a member of every lease
 * set of its request. The client's request id won't do: it may choose one for all its requests and
 * so share one lease among them.
 */
import { randomBytes } from 'node:crypto';

const NONCE_BYTES = 4;

/** @returns a function that makes the next id, `<instance>-<start>-<sequence>` */
export function createReservationIds(instanceId: string): () => string {
  const head = `${instanceId}-${randomBytes(NONCE_BYTES).toString('hex')}-`;
  let sequence = 0;
  return () => head + (sequence++).toString(36);
}
