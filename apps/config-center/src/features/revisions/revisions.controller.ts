import {
  comparisonSchema,
  listQueryOf,
  pageOf,
  revisionDetailSchema,
  revisionSchema,
  rollbackRequestSchema,
  rollbackResultSchema,
  timeSchema,
  type Comparison,
  type Page,
  type Revision,
  type RevisionDetail,
  type RollbackRequest,
  type RollbackResult,
} from '@ai-gateway/contracts';
import { Answers, RequirePermission } from '@ai-gateway/nest-runtime';
import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { IdParam } from '../../platform/http/id-param.decorator.js';
import { filters } from '../../platform/resources/list-page.js';
import type { Written } from '../../platform/revisions/config-revisions.js';
import { RevisionsService, type RevisionQuery } from './revisions.service.js';

const listFilters = {
  actor_name: filters.text,
  cause: filters.text,
  request_id: filters.text,
  from: timeSchema.optional(),
  to: timeSchema.optional(),
};
const listSchema = listQueryOf(['revision', 'create_time'], listFilters, '-revision');

const revisionText = z
  .string()
  .regex(/^\d{1,15}$/, 'must be a revision')
  .transform(Number);
const compareSchema = z.strictObject({ from: revisionText, to: revisionText });

@ApiTags('revisions')
@Controller('api/v1/revisions')
export class RevisionsController {
  constructor(private readonly revisions: RevisionsService) {}

  @Get()
  @RequirePermission('read')
  @Answers(200, pageOf(revisionSchema))
  list(@Query({ schema: listSchema }) query: RevisionQuery): Promise<Page<Revision>> {
    return this.revisions.list(query);
  }

  /** What differs between the states at two revisions. */
  @Get('comparison')
  @RequirePermission('read')
  @Answers(200, comparisonSchema)
  compare(
    @Query({ schema: compareSchema }) { from, to }: z.output<typeof compareSchema>,
  ): Promise<Comparison> {
    return this.revisions.compare(from, to);
  }

  @Get(':revision')
  @RequirePermission('read')
  @Answers(200, revisionDetailSchema)
  find(@IdParam('revision') revision: number): Promise<RevisionDetail> {
    return this.revisions.find(revision);
  }

  /** Brings everything but API keys back to this revision, as a new revision. */
  @Post(':revision/rollback')
  @HttpCode(200)
  @RequirePermission('write')
  @Answers(200, rollbackResultSchema)
  rollBack(
    @IdParam('revision') revision: number,
    @Body({ schema: rollbackRequestSchema.optional() }) body: RollbackRequest | undefined,
  ): Promise<Written<RollbackResult>> {
    return this.revisions.rollBack(revision, body?.dry_run ?? false);
  }
}
