import type { IncomingMessage } from 'node:http';
import {
  draftCreateSchema,
  draftPublishSchema,
  draftSchema,
  draftUpdateSchema,
  draftValidationSchema,
  listQueryOf,
  pageOf,
  type Draft,
  type DraftCreate,
  type DraftPublish,
  type DraftUpdate,
  type DraftValidation,
  type Page,
} from '@ai-gateway/contracts';
import { Answers, RequirePermission, principalOf } from '@ai-gateway/nest-runtime';
import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { IdParam } from '../../platform/http/id-param.decorator.js';
import { IfMatch, type ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { filters, type ListQuery } from '../../platform/resources/list-page.js';
import type { Written } from '../../platform/revisions/config-revisions.js';
import { DraftsService } from './drafts.service.js';

const listFilters = { draft_name: filters.text, state: filters.text };
const listSchema = listQueryOf(['draft_id', 'draft_name', 'update_time'], listFilters, '-draft_id');

@ApiTags('drafts')
@Controller('api/v1/drafts')
export class DraftsController {
  constructor(private readonly drafts: DraftsService) {}

  @Get()
  @RequirePermission('read')
  @Answers(200, pageOf(draftSchema))
  list(@Query({ schema: listSchema }) query: ListQuery): Promise<Page<Draft>> {
    return this.drafts.list(query);
  }

  @Get(':draft_id')
  @RequirePermission('read')
  @Answers(200, draftSchema)
  find(@IdParam('draft_id') id: number): Promise<Draft> {
    return this.drafts.find(id);
  }

  @Post()
  @RequirePermission('write')
  @Answers(201, draftSchema)
  create(@Body({ schema: draftCreateSchema }) body: DraftCreate): Promise<Written<Draft>> {
    return this.drafts.create(body);
  }

  @Put(':draft_id')
  @RequirePermission('write')
  @Answers(200, draftSchema)
  update(
    @IdParam('draft_id') id: number,
    @Body({ schema: draftUpdateSchema }) body: DraftUpdate,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<Draft>> {
    return this.drafts.update(id, body, expected);
  }

  @Delete(':draft_id')
  @HttpCode(204)
  @RequirePermission('delete')
  @Answers(204)
  remove(
    @IdParam('draft_id') id: number,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<void>> {
    return this.drafts.remove(id, expected);
  }

  /** Runs everything and takes it back: what publishing would change, or why it would fail. */
  @Post(':draft_id/validate')
  @HttpCode(200)
  @RequirePermission('write')
  @Answers(200, draftValidationSchema)
  validate(
    @IdParam('draft_id') id: number,
    @Req() request: IncomingMessage,
  ): Promise<DraftValidation> {
    return this.drafts.validate(id, principalOf(request));
  }

  /** One revision for everybody, or a rollout to some groups first. */
  @Post(':draft_id/publish')
  @HttpCode(200)
  @RequirePermission('write')
  @Answers(200, draftSchema)
  publish(
    @IdParam('draft_id') id: number,
    @Body({ schema: draftPublishSchema.optional() }) body: DraftPublish | undefined,
    @Req() request: IncomingMessage,
  ): Promise<Written<Draft>> {
    return this.drafts.publish(id, body?.groups ?? null, principalOf(request));
  }
}
