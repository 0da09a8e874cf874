import {
  listQueryOf,
  pageOf,
  rolloutCreateSchema,
  rolloutSchema,
  type Page,
  type Rollout,
  type RolloutCreate,
} from '@ai-gateway/contracts';
import { Answers, RequirePermission, principalOf } from '@ai-gateway/nest-runtime';
import { Body, Controller, Get, HttpCode, Post, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { IncomingMessage } from 'node:http';
import { IdParam } from '../../platform/http/id-param.decorator.js';
import { filters, type ListQuery } from '../../platform/resources/list-page.js';
import type { Written } from '../../platform/revisions/config-revisions.js';
import { BatchRunner } from '../batch/batch.runner.js';
import { requireConfigurationOnly } from '../batch/configuration-only.js';
import { RolloutsService } from './rollouts.service.js';

const listSchema = listQueryOf(['rollout_id'], { state: filters.text }, '-rollout_id');

@ApiTags('rollouts')
@Controller('api/v1/rollouts')
export class RolloutsController {
  constructor(
    private readonly rollouts: RolloutsService,
    private readonly batch: BatchRunner,
  ) {}

  @Get()
  @RequirePermission('read')
  @Answers(200, pageOf(rolloutSchema))
  list(@Query({ schema: listSchema }) query: ListQuery): Promise<Page<Rollout>> {
    return this.rollouts.list(query);
  }

  @Get(':rollout_id')
  @RequirePermission('read')
  @Answers(200, rolloutSchema)
  find(@IdParam('rollout_id') id: number): Promise<Rollout> {
    return this.rollouts.find(id);
  }

  /** Makes the changes for the instances of these groups; all others go on as before. */
  @Post()
  @RequirePermission('write')
  @Answers(201, rolloutSchema)
  async begin(
    @Body({ schema: rolloutCreateSchema }) { groups, operations }: RolloutCreate,
    @Req() request: IncomingMessage,
  ): Promise<Written<Rollout>> {
    requireConfigurationOnly(operations);
    const options = { principal: principalOf(request), cause: 'rollout' } as const;
    return this.rollouts.begin(groups, () => this.batch.run(operations, options));
  }

  @Post(':rollout_id/promote')
  @HttpCode(200)
  @RequirePermission('write')
  @Answers(200, rolloutSchema)
  promote(@IdParam('rollout_id') id: number): Promise<Written<Rollout>> {
    return this.rollouts.promote(id);
  }

  @Post(':rollout_id/abandon')
  @HttpCode(200)
  @RequirePermission('write')
  @Answers(200, rolloutSchema)
  abandon(@IdParam('rollout_id') id: number): Promise<Written<Rollout>> {
    return this.rollouts.abandon(id);
  }
}
