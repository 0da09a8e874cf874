/** What the errors of the two drivers mean. */
import { AdminError } from '@ai-gateway/nest-runtime';

const DUPLICATE_CODES = new Set(['ER_DUP_ENTRY', 'SQLITE_CONSTRAINT_UNIQUE']);

const UNAVAILABLE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR',
  'POOL_CLOSED',
  'ER_CON_COUNT_ERROR',
  'ER_LOCK_DEADLOCK',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_SERVER_SHUTDOWN',
  'ER_CONNECTION_KILLED',
  'ER_DISK_FULL',
  'ER_OPTION_PREVENTS_STATEMENT',
]);

const LOCK_CODES = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT']);

const SQLITE_UNIQUE = 2067;
const SQLITE_PRIMARY_KEY = 1555;
const SQLITE_FOREIGN_KEY = 787;
/** busy, locked, no memory, read-only, I/O error, corrupt, full, cannot open */
const SQLITE_UNAVAILABLE = new Set([5, 6, 7, 8, 10, 11, 13, 14]);

interface DriverError {
  code?: string;
  errcode?: number;
  message?: string;
}

export function isDuplicate(error: unknown): boolean {
  const { code, errcode } = driverErrorOf(error);
  return (
    DUPLICATE_CODES.has(code ?? '') || errcode === SQLITE_UNIQUE || errcode === SQLITE_PRIMARY_KEY
  );
}

/** A row that others point to cannot go, nor can a row point to none. */
export function isReferenced(error: unknown): boolean {
  const { code, errcode } = driverErrorOf(error);
  return (
    code === 'ER_ROW_IS_REFERENCED_2' ||
    code === 'ER_NO_REFERENCED_ROW_2' ||
    errcode === SQLITE_FOREIGN_KEY
  );
}

/** Rolled back in favour of another transaction; the same work may succeed now. */
export const isLockConflict = (error: unknown): boolean =>
  LOCK_CODES.has(driverErrorOf(error).code ?? '');

export function isStoreFailure(error: unknown): boolean {
  const { code, errcode, message } = driverErrorOf(error);
  if (UNAVAILABLE_CODES.has(code ?? '')) return true;
  if (errcode !== undefined && SQLITE_UNAVAILABLE.has(errcode & 0xff)) return true;
  return /Pool is closed|Queue limit|closed state|database is not open|finalized|not established/i.test(
    message ?? '',
  );
}

/** For the error filter: failures of reads, which don't pass through a transaction. */
export const translateStoreError = (error: unknown): AdminError | null =>
  isStoreFailure(error) ? new AdminError('STORE_UNAVAILABLE', { cause: error }) : null;

/** TypeORM wraps the driver's error. */
function driverErrorOf(error: unknown): DriverError {
  if (!(error instanceof Error)) return {};
  return (error as { driverError?: DriverError }).driverError ?? error;
}
