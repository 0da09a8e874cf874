import {
  listQueryOf,
  namespaceCreateSchema,
  namespaceSchema,
  namespaceUpdateSchema,
  pageOf,
  type Namespace,
  type NamespaceCreate,
  type NamespaceUpdate,
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
import { NamespacesService } from './namespaces.service.js';

const listSchema = listQueryOf(
  ['namespace_id', 'namespace_code', 'namespace_name', 'status', 'create_time', 'update_time'],
  {
    namespace_code: filters.text,
    namespace_name: filters.text,
    status: filters.status,
    is_default: filters.flag,
  },
);

@ApiTags('namespaces')
@Controller('api/v1/namespaces')
export class NamespacesController {
  constructor(private readonly namespaces: NamespacesService) {}

  @Get()
  @RequirePermission('read')
  @Answers(200, pageOf(namespaceSchema))
  list(@Query({ schema: listSchema }) query: ListQuery): Promise<Page<Namespace>> {
    return this.namespaces.list(query);
  }

  @Get(':namespace_id')
  @RequirePermission('read')
  @Answers(200, namespaceSchema)
  find(@IdParam('namespace_id') id: number): Promise<Namespace> {
    return this.namespaces.find(id);
  }

  @Post()
  @RequirePermission('write')
  @Answers(201, namespaceSchema)
  create(
    @Body({ schema: namespaceCreateSchema }) body: NamespaceCreate,
  ): Promise<Written<Namespace>> {
    return this.namespaces.create(body);
  }

  @Put(':namespace_id')
  @RequirePermission('write')
  @Answers(200, namespaceSchema)
  update(
    @IdParam('namespace_id') id: number,
    @Body({ schema: namespaceUpdateSchema }) body: NamespaceUpdate,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<Namespace>> {
    return this.namespaces.update(id, body, expected);
  }

  @Delete(':namespace_id')
  @HttpCode(204)
  @RequirePermission('delete')
  @Answers(204)
  remove(
    @IdParam('namespace_id') id: number,
    @Query({ schema: cascadeQuerySchema }) { cascade }: CascadeQuery,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<void>> {
    return this.namespaces.remove(id, expected, cascade);
  }
}
