/** Why an import was refused: a report with a line per problem, of which nothing was applied. */
import type { AdminErrorCode, ImportLine, ImportReport } from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';

const MAX_DETAILS = 50;

export class ImportRefused extends AdminError {
  constructor(code: AdminErrorCode, lines: readonly ImportLine[], summary = NOTHING) {
    const details = lines.map(({ line, path, error = '' }) => ({
      path,
      message: line === null ? error : `line ${line}: ${error}`,
    }));
    const report: ImportReport = { applied: false, revision: null, summary, lines: [...lines] };
    super(code, { details: details.slice(0, MAX_DETAILS), report: { ...report } });
  }
}

const NOTHING: ImportReport['summary'] = { create: 0, update: 0, delete: 0, unchanged: 0 };
