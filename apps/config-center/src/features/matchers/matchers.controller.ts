import {
  listQueryOf,
  matcherCreateSchema,
  matcherSchema,
  matcherUpdateSchema,
  pageOf,
  type Matcher,
  type MatcherCreate,
  type MatcherUpdate,
  type Page,
} from '@ai-gateway/contracts';
import { Answers, RequirePermission } from '@ai-gateway/nest-runtime';
import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { IdParam } from '../../platform/http/id-param.decorator.js';
import { IfMatch, type ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { filters, type ListQuery } from '../../platform/resources/list-page.js';
import type { Written } from '../../platform/revisions/config-revisions.js';
import { MatchersService } from './matchers.service.js';

const listSchema = listQueryOf(
  ['matcher_id', 'matcher_name', 'priority', 'status', 'create_time', 'update_time'],
  {
    matcher_name: filters.text,
    matcher_type: filters.text,
    match_field: filters.text,
    match_operator: filters.text,
    status: filters.status,
  },
);

@ApiTags('matchers')
@Controller('api/v1')
export class MatchersController {
  constructor(private readonly matchers: MatchersService) {}

  @Get('namespaces/:namespace_id/matchers')
  @RequirePermission('read')
  @Answers(200, pageOf(matcherSchema))
  list(
    @IdParam('namespace_id') ownerId: number,
    @Query({ schema: listSchema }) query: ListQuery,
  ): Promise<Page<Matcher>> {
    return this.matchers.list(ownerId, query);
  }

  @Post('namespaces/:namespace_id/matchers')
  @RequirePermission('write')
  @Answers(201, matcherSchema)
  create(
    @IdParam('namespace_id') ownerId: number,
    @Body({ schema: matcherCreateSchema }) body: MatcherCreate,
  ): Promise<Written<Matcher>> {
    return this.matchers.create(ownerId, body);
  }

  @Get('matchers/:matcher_id')
  @RequirePermission('read')
  @Answers(200, matcherSchema)
  find(@IdParam('matcher_id') id: number): Promise<Matcher> {
    return this.matchers.find(id);
  }

  @Put('matchers/:matcher_id')
  @RequirePermission('write')
  @Answers(200, matcherSchema)
  update(
    @IdParam('matcher_id') id: number,
    @Body({ schema: matcherUpdateSchema }) body: MatcherUpdate,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<Matcher>> {
    return this.matchers.update(id, body, expected);
  }

  @Delete('matchers/:matcher_id')
  @HttpCode(204)
  @RequirePermission('delete')
  @Answers(204)
  remove(
    @IdParam('matcher_id') id: number,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<void>> {
    return this.matchers.remove(id, expected);
  }
}
