/** Why a batch was refused: what its operations answered, the first one's code speaking for all. */
import { ADMIN_ERRORS, type AdminErrorCode, type AdminErrorDetail } from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';

export interface RefusedOperation {
  /** Counted from 0. */
  index: number;
  code: AdminErrorCode;
  /** Paths within the operation's body. */
  details: readonly AdminErrorDetail[];
}

const MAX_DETAILS = 50;

export class BatchRefused extends AdminError {
  constructor(readonly refused: readonly [RefusedOperation, ...RefusedOperation[]]) {
    super(refused[0].code, { details: refused.flatMap(detailsOf).slice(0, MAX_DETAILS) });
  }
}

export const refusalOf = (index: number, error: AdminError): RefusedOperation => ({
  index,
  code: error.code,
  details: error.details,
});

function detailsOf({ index, code, details }: RefusedOperation): AdminErrorDetail[] {
  const place = `operations.${index}`;
  if (details.length === 0) return [{ path: place, message: ADMIN_ERRORS[code].message }];
  return details.map(({ path, message }) => ({
    path: path === '' ? place : `${place}.${path}`,
    message,
  }));
}
