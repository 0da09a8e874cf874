import {
  listQueryOf,
  modelCreateSchema,
  modelSchema,
  modelUpdateSchema,
  pageOf,
  type Model,
  type ModelCreate,
  type ModelUpdate,
  type Page,
} from '@ai-gateway/contracts';
import { Answers, RequirePermission } from '@ai-gateway/nest-runtime';
import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { IdParam } from '../../platform/http/id-param.decorator.js';
import { IfMatch, type ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { filters, type ListQuery } from '../../platform/resources/list-page.js';
import type { Written } from '../../platform/revisions/config-revisions.js';
import { ModelsService } from './models.service.js';

const listSchema = listQueryOf(
  ['model_id', 'model_name', 'upstream_id', 'status', 'create_time', 'update_time'],
  { model_name: filters.text, upstream_id: filters.id, status: filters.status },
);

@ApiTags('models')
@Controller('api/v1/models')
export class ModelsController {
  constructor(private readonly models: ModelsService) {}

  @Get()
  @RequirePermission('read')
  @Answers(200, pageOf(modelSchema))
  list(@Query({ schema: listSchema }) query: ListQuery): Promise<Page<Model>> {
    return this.models.list(query);
  }

  @Get(':model_id')
  @RequirePermission('read')
  @Answers(200, modelSchema)
  find(@IdParam('model_id') id: number): Promise<Model> {
    return this.models.find(id);
  }

  @Post()
  @RequirePermission('write')
  @Answers(201, modelSchema)
  create(@Body({ schema: modelCreateSchema }) body: ModelCreate): Promise<Written<Model>> {
    return this.models.create(body);
  }

  @Put(':model_id')
  @RequirePermission('write')
  @Answers(200, modelSchema)
  update(
    @IdParam('model_id') id: number,
    @Body({ schema: modelUpdateSchema }) body: ModelUpdate,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<Model>> {
    return this.models.update(id, body, expected);
  }

  @Delete(':model_id')
  @HttpCode(204)
  @RequirePermission('delete')
  @Answers(204)
  remove(
    @IdParam('model_id') id: number,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<void>> {
    return this.models.remove(id, expected);
  }
}
