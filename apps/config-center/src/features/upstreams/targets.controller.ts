import {
  listQueryOf,
  targetCreateSchema,
  targetSchema,
  targetUpdateSchema,
  pageOf,
  type Target,
  type TargetCreate,
  type TargetUpdate,
  type Page,
} from '@ai-gateway/contracts';
import { Answers, RequirePermission } from '@ai-gateway/nest-runtime';
import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { IdParam } from '../../platform/http/id-param.decorator.js';
import { IfMatch, type ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { filters, type ListQuery } from '../../platform/resources/list-page.js';
import type { Written } from '../../platform/revisions/config-revisions.js';
import { TargetsService } from './targets.service.js';

const listSchema = listQueryOf(
  ['target_id', 'url', 'weight', 'status', 'create_time', 'update_time'],
  { status: filters.status },
);

@ApiTags('targets')
@Controller('api/v1')
export class TargetsController {
  constructor(private readonly targets: TargetsService) {}

  @Get('upstreams/:upstream_id/targets')
  @RequirePermission('read')
  @Answers(200, pageOf(targetSchema))
  list(
    @IdParam('upstream_id') ownerId: number,
    @Query({ schema: listSchema }) query: ListQuery,
  ): Promise<Page<Target>> {
    return this.targets.list(ownerId, query);
  }

  @Post('upstreams/:upstream_id/targets')
  @RequirePermission('write')
  @Answers(201, targetSchema)
  create(
    @IdParam('upstream_id') ownerId: number,
    @Body({ schema: targetCreateSchema }) body: TargetCreate,
  ): Promise<Written<Target>> {
    return this.targets.create(ownerId, body);
  }

  @Get('targets/:target_id')
  @RequirePermission('read')
  @Answers(200, targetSchema)
  find(@IdParam('target_id') id: number): Promise<Target> {
    return this.targets.find(id);
  }

  @Put('targets/:target_id')
  @RequirePermission('write')
  @Answers(200, targetSchema)
  update(
    @IdParam('target_id') id: number,
    @Body({ schema: targetUpdateSchema }) body: TargetUpdate,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<Target>> {
    return this.targets.update(id, body, expected);
  }

  @Delete('targets/:target_id')
  @HttpCode(204)
  @RequirePermission('delete')
  @Answers(204)
  remove(
    @IdParam('target_id') id: number,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<void>> {
    return this.targets.remove(id, expected);
  }
}
