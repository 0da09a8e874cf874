/**
 * Holds back the answer of a write until all live instances have applied it, if it was asked for
 * with `?wait=applied`. The write is committed before the wait begins and stays so whatever comes
 * of it: the answer is the same, its headers say who has applied.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ConfigHead } from '@ai-gateway/contracts';
import {
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { finalize, from, mergeMap, type Observable } from 'rxjs';
import { Database } from '../../platform/database/database.js';
import { beforeSending } from '../../platform/http/resource-headers.interceptor.js';
import { waitQueryOf, type WaitQuery } from '../../platform/http/wait-query.js';
import { Written } from '../../platform/revisions/config-revisions.js';
import { HeadWatch } from '../../platform/revisions/head-watch.js';
import { AppliedWait, type AppliedReport } from './applied-wait.js';

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);
const MAX_NAMED = 20;

@Injectable()
export class AppliedWaitInterceptor implements NestInterceptor {
  constructor(
    private readonly wait: AppliedWait,
    private readonly heads: HeadWatch,
    private readonly database: Database,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    // Within a batch it is the whole that is waited for.
    if (READS.has(request.method ?? '') || this.database.isWriting) return next.handle();
    const query = waitQueryOf(request);
    if (query === null) return next.handle();
    const response = context.switchToHttp().getResponse<ServerResponse>();
    const release = this.wait.reserve();
    const hold = (result: unknown): Promise<void> => this.hold(result, query, response);
    beforeSending(response, hold);
    return next.handle().pipe(
      mergeMap((result: unknown) => from(hold(result).then(() => result))),
      finalize(release),
    );
  }

  private async hold(
    result: unknown,
    { timeoutMs }: WaitQuery,
    response: ServerResponse,
  ): Promise<void> {
    const { head } = this.heads;
    if (!(result instanceof Written) || result.revision === null || head === null) return;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const target: ConfigHead = { epoch: head.epoch, revision: result.revision };
    show(await this.wait.until(target, { timeoutMs, signal: gone.signal }), response);
  }
}

function show(report: AppliedReport, response: ServerResponse): void {
  response.setHeader('X-Config-Applied', `${report.applied}/${report.total}`);
  if (report.missing.length > 0) {
    response.setHeader('X-Config-Not-Applied', listOf(report.missing));
  }
  if (report.refusing.length > 0) response.setHeader('X-Config-Refused', listOf(report.refusing));
}

/** Names may hold what a header may not. */
const listOf = (names: readonly string[]): string =>
  names
    .slice(0, MAX_NAMED)
    .map((name) => name.replaceAll(/[^\x21-\x7e]|[,%]/gu, encodeURIComponent))
    .join(', ');
