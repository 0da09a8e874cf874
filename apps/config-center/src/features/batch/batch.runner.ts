/**
 * Runs operations as one write: all or nothing, one revision. Each is sent through the application's
 * own HTTP stack within the transaction of the write, which its service then joins. The first one
 * refused takes all back.
 */
import {
  ADMIN_ERRORS,
  adminErrorBodySchema,
  type AdminErrorCode,
  type BatchOperation,
  type BatchResult,
} from '@ai-gateway/contracts';
import { AdminError, type Principal } from '@ai-gateway/nest-runtime';
import { Injectable } from '@nestjs/common';
import type { RevisionCause } from '../../platform/revisions/config-revision.entity.js';
import { ConfigRevisions, type ResourceChange } from '../../platform/revisions/config-revisions.js';
import { requireAddressable } from './addressable.js';
import { BatchRefused, refusalOf, type RefusedOperation } from './batch-refused.error.js';
import { InProcessHttp, type InProcessAnswer } from './in-process-http.js';
import { referencesIn, resolveBody, resolvePath, type Results } from './operation-references.js';

export interface BatchOptions {
  /** In whose name: each operation needs what its own route asks for. Null: nobody's. */
  principal: Principal | null;
  cause: RevisionCause;
  details?: object | null;
  /** Do everything and take it back. */
  dryRun?: boolean;
  /** How many refused operations are looked for before giving up; default 1. */
  maxRefusals?: number;
}

export interface BatchOutcome extends BatchResult {
  /** What it would change; null when it was no dry run. */
  changes: ResourceChange[] | null;
}

@Injectable()
export class BatchRunner {
  constructor(
    private readonly revisions: ConfigRevisions,
    private readonly http: InProcessHttp,
  ) {}

  /** Rejects with BatchRefused when any operation is. Within a write it joins that. */
  async run(operations: readonly BatchOperation[], options: BatchOptions): Promise<BatchOutcome> {
    const work = () => this.perform(operations, options);
    if (options.dryRun === true) {
      const { value: results, changes } = await this.revisions.rehearse(work);
      return { revision: null, results, changes };
    }
    const { cause, details = null } = options;
    const { value: results, revision } = await this.revisions.write(work, { cause, details });
    return { revision, results, changes: null };
  }

  private async perform(
    operations: readonly BatchOperation[],
    { principal, maxRefusals = 1 }: BatchOptions,
  ): Promise<BatchResult['results']> {
    const answers: InProcessAnswer[] = [];
    const bodies: unknown[] = [];
    const refused: RefusedOperation[] = [];
    const failed = new Set<number>();
    for (const [index, operation] of operations.entries()) {
      const isInVain = failed.size > 0 && referencesOf(operation).some((id) => failed.has(id));
      const answer = isInVain ? null : await this.attempt(index, operation, { bodies, principal });
      if (answer !== null && 'status' in answer) {
        answers.push(answer);
        bodies[index] = answer.body;
        continue;
      }
      failed.add(index);
      if (answer === null) continue;
      refused.push(answer);
      if (isOutage(answer.code) || refused.length >= maxRefusals) break;
    }
    const [first, ...more] = refused;
    if (first !== undefined) throw new BatchRefused([first, ...more]);
    return answers;
  }

  private async attempt(
    index: number,
    operation: BatchOperation,
    { bodies, principal }: { bodies: Results; principal: Principal | null },
  ): Promise<InProcessAnswer | RefusedOperation> {
    try {
      requireAddressable(operation.path);
      const { method, body, if_match: ifMatch = '*' } = operation;
      const path = resolvePath(operation.path, bodies);
      const headers: Record<string, string> = method === 'POST' ? {} : { 'if-match': ifMatch };
      const sent = body === undefined ? {} : { body: resolveBody(body, bodies) };
      const answer = await this.http.send({ method, path, headers, principal, ...sent });
      if (answer.status < 400) return answer;
      const { code, details } = adminErrorBodySchema.parse(answer.body);
      return { index, code, details };
    } catch (error) {
      if (error instanceof AdminError) return refusalOf(index, error);
      throw error;
    }
  }
}

/** What builds on a refused operation has no problem of its own. */
const referencesOf = ({ path, body }: BatchOperation): number[] =>
  [...path.split('/'), body].flatMap(referencesIn);

const isOutage = (code: AdminErrorCode): boolean => ADMIN_ERRORS[code].status >= 500;
