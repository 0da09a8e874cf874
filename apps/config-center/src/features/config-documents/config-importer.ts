/**
 * Makes the live configuration say what a document says, in one revision or not at all. The
 * difference is taken within the transaction that applies it, so nothing can come in between.
 */
import { ADMIN_ERRORS, type ImportMode, type ImportReport } from '@ai-gateway/contracts';
import type { Principal } from '@ai-gateway/nest-runtime';
import { Injectable } from '@nestjs/common';
import { ChangeLog } from '../../platform/revisions/change-log.js';
import { ConfigRevisions } from '../../platform/revisions/config-revisions.js';
import { BatchRefused, type RefusedOperation } from '../batch/batch-refused.error.js';
import { BatchRunner } from '../batch/batch.runner.js';
import { ConfigState } from './config-state.js';
import { checkDocument } from './document-check.js';
import { DocumentCredentials } from './document-credentials.js';
import type { DocumentProblem, LocatedDocument } from './document-text.js';
import { planImport, type ImportPlan } from './import-plan.js';
import { ImportRefused } from './import-refused.error.js';

export interface ImportOptions {
  mode: ImportMode;
  dryRun: boolean;
  cause: 'import' | 'restore';
  /** In whose name; each write needs what its own route asks for. */
  principal: Principal | null;
}

const MAX_REFUSALS = 100;

@Injectable()
export class ConfigImporter {
  constructor(
    private readonly log: ChangeLog,
    private readonly revisions: ConfigRevisions,
    private readonly runner: BatchRunner,
    private readonly credentials: DocumentCredentials,
  ) {}

  /** Rejects with ImportRefused, whose report names every problem found. */
  async import(located: LocatedDocument, options: ImportOptions): Promise<ImportReport> {
    const { document, problems } = checkDocument(located);
    if (document === null) throw new ImportRefused('VALIDATION_FAILED', problems.map(refused));
    const plan = async (): Promise<ImportPlan> => {
      const state = new ConfigState(await this.log.feedSince(null));
      const { credentials } = this;
      const { mode } = options;
      return planImport({ document, mode, state, credentials, lineOf: located.lineOf });
    };
    const first = accepted(await plan());
    if (first.operations.length === 0) return this.unchanged(first, options);
    const work = async (): Promise<ImportPlan> => this.apply(accepted(await plan()), options);
    if (options.dryRun) {
      const { value } = await this.revisions.rehearse(work);
      return reportOf(value, null);
    }
    const { mode, cause } = options;
    const { value, revision } = await this.revisions.write(work, { cause, details: { mode } });
    return reportOf(value, revision);
  }

  private async unchanged(plan: ImportPlan, { dryRun }: ImportOptions): Promise<ImportReport> {
    return reportOf(plan, dryRun ? null : (await this.log.head()).revision);
  }

  private async apply(plan: ImportPlan, { principal, cause }: ImportOptions): Promise<ImportPlan> {
    try {
      const options = { principal, cause, maxRefusals: MAX_REFUSALS };
      await this.runner.run(plan.operations, options);
      return plan;
    } catch (error) {
      if (!(error instanceof BatchRefused)) throw error;
      const lines = error.refused.map((refusal) => lineOf(plan, refusal));
      throw new ImportRefused(error.code, lines, plan.summary);
    }
  }
}

function accepted(plan: ImportPlan): ImportPlan {
  if (plan.problems.length === 0) return plan;
  throw new ImportRefused('UNPROCESSABLE', plan.problems.map(refused), plan.summary);
}

const reportOf = ({ summary, lines }: ImportPlan, revision: number | null): ImportReport => ({
  applied: revision !== null,
  revision,
  summary,
  lines,
});

const refused = ({ line, path, message }: DocumentProblem) => ({
  line,
  path,
  action: 'refuse' as const,
  resource: path === '' ? 'document' : (path.split('.', 1)[0] ?? ''),
  error: message,
});

function lineOf({ lines }: ImportPlan, { index, code, details }: RefusedOperation) {
  const line = lines[index];
  if (line === undefined) throw new Error(`operation ${index} was not planned`);
  const reasons = details.map(({ path, message }) =>
    path === '' ? message : `${path} ${message}`,
  );
  return { ...line, error: [ADMIN_ERRORS[code].message, ...reasons].join(' ') };
}
