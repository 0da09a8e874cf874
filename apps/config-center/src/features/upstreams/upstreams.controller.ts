import {
  listQueryOf,
  upstreamCreateSchema,
  upstreamSchema,
  upstreamUpdateSchema,
  pageOf,
  type Upstream,
  type UpstreamCreate,
  type UpstreamUpdate,
  type Page,
} from '@ai-gateway/contracts';
import { Answers, RequirePermission } from '@ai-gateway/nest-runtime';
import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { IdParam } from '../../platform/http/id-param.decorator.js';
import { IfMatch, type ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { cascadeQuerySchema, type CascadeQuery } from '../../platform/http/cascade-query.js';
import { filters, type ListQuery } from '../../platform/resources/list-page.js';
import type { Written } from '../../platform/revisions/config-revisions.js';
import { UpstreamsService } from './upstreams.service.js';

const listSchema = listQueryOf(
  [
    'upstream_id',
    'upstream_code',
    'upstream_name',
    'protocol',
    'status',
    'create_time',
    'update_time',
  ],
  {
    upstream_code: filters.text,
    upstream_name: filters.text,
    protocol: filters.text,
    status: filters.status,
  },
);

@ApiTags('upstreams')
@Controller('api/v1/upstreams')
export class UpstreamsController {
  constructor(private readonly upstreams: UpstreamsService) {}

  @Get()
  @RequirePermission('read')
  @Answers(200, pageOf(upstreamSchema))
  list(@Query({ schema: listSchema }) query: ListQuery): Promise<Page<Upstream>> {
    return this.upstreams.list(query);
  }

  @Get(':upstream_id')
  @RequirePermission('read')
  @Answers(200, upstreamSchema)
  find(@IdParam('upstream_id') id: number): Promise<Upstream> {
    return this.upstreams.find(id);
  }

  @Post()
  @RequirePermission('write')
  @Answers(201, upstreamSchema)
  create(@Body({ schema: upstreamCreateSchema }) body: UpstreamCreate): Promise<Written<Upstream>> {
    return this.upstreams.create(body);
  }

  @Put(':upstream_id')
  @RequirePermission('write')
  @Answers(200, upstreamSchema)
  update(
    @IdParam('upstream_id') id: number,
    @Body({ schema: upstreamUpdateSchema }) body: UpstreamUpdate,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<Upstream>> {
    return this.upstreams.update(id, body, expected);
  }

  @Delete(':upstream_id')
  @HttpCode(204)
  @RequirePermission('delete')
  @Answers(204)
  remove(
    @IdParam('upstream_id') id: number,
    @Query({ schema: cascadeQuerySchema }) { cascade }: CascadeQuery,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<void>> {
    return this.upstreams.remove(id, expected, cascade);
  }
}
