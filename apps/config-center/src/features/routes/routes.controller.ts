import {
  listQueryOf,
  routeCreateSchema,
  routeSchema,
  routeUpdateSchema,
  pageOf,
  type Route,
  type RouteCreate,
  type RouteUpdate,
  type Page,
} from '@ai-gateway/contracts';
import { Answers, RequirePermission } from '@ai-gateway/nest-runtime';
import type { ServerResponse } from 'node:http';
import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { IdParam } from '../../platform/http/id-param.decorator.js';
import { IfMatch, type ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { sendWritten } from '../../platform/http/resource-headers.interceptor.js';
import { filters, type ListQuery } from '../../platform/resources/list-page.js';
import type { Written } from '../../platform/revisions/config-revisions.js';
import { RoutesService } from './routes.service.js';

const listSchema = listQueryOf(
  ['route_id', 'name', 'path', 'priority', 'status', 'create_time', 'update_time'],
  {
    name: filters.text,
    path: filters.text,
    path_type: filters.text,
    upstream_id: filters.id,
    status: filters.status,
  },
);

@ApiTags('routes')
@Controller('api/v1/routes')
export class RoutesController {
  constructor(private readonly routes: RoutesService) {}

  @Get()
  @RequirePermission('read')
  @Answers(200, pageOf(routeSchema))
  list(@Query({ schema: listSchema }) query: ListQuery): Promise<Page<Route>> {
    return this.routes.list(query);
  }

  @Get(':route_id')
  @RequirePermission('read')
  @Answers(200, routeSchema)
  find(@IdParam('route_id') id: number): Promise<Route> {
    return this.routes.find(id);
  }

  /** 201 for a new route, 200 when one of the same path and name was updated. */
  @Post()
  @RequirePermission('write')
  @Answers(201, routeSchema)
  @Answers(200, routeSchema)
  async create(
    @Body({ schema: routeCreateSchema }) body: RouteCreate,
    @Res() response: ServerResponse,
  ): Promise<void> {
    await sendWritten(await this.routes.create(body), response);
  }

  @Put(':route_id')
  @RequirePermission('write')
  @Answers(200, routeSchema)
  update(
    @IdParam('route_id') id: number,
    @Body({ schema: routeUpdateSchema }) body: RouteUpdate,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<Route>> {
    return this.routes.update(id, body, expected);
  }

  @Delete(':route_id')
  @HttpCode(204)
  @RequirePermission('delete')
  @Answers(204)
  remove(
    @IdParam('route_id') id: number,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<void>> {
    return this.routes.remove(id, expected);
  }
}
