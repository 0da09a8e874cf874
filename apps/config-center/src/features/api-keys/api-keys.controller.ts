/** `/api/v1/api-keys`, also by the older name `/admin/keys`. */
import type { ServerResponse } from 'node:http';
import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  apiKeyCreatedSchema,
  apiKeyCreateSchema,
  apiKeySchema,
  apiKeyUpdateSchema,
  listQueryOf,
  pageOf,
  type ApiKey,
  type ApiKeyCreate,
  type ApiKeyCreated,
  type ApiKeyUpdate,
  type Page,
} from '@ai-gateway/contracts';
import { Answers, RequirePermission } from '@ai-gateway/nest-runtime';
import type { z } from 'zod';
import { IdParam } from '../../platform/http/id-param.decorator.js';
import { IfMatch, type ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { filters } from '../../platform/resources/list-page.js';
import type { Written } from '../../platform/revisions/config-revisions.js';
import { ApiKeysService } from './api-keys.service.js';

const listSchema = listQueryOf(['key_id', 'key_name', 'status', 'expires_at', 'create_time'], {
  key_name: filters.text,
  namespace_id: filters.id,
  status: filters.status,
});

@ApiTags('api-keys')
@Controller(['api/v1/api-keys', 'admin/keys'])
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @RequirePermission('read')
  @Answers(200, pageOf(apiKeySchema))
  @Get()
  list(@Query({ schema: listSchema }) query: z.output<typeof listSchema>): Promise<Page<ApiKey>> {
    return this.keys.list(query);
  }

  @RequirePermission('read')
  @Answers(200, apiKeySchema)
  @Get(':key_id')
  get(@IdParam('key_id') keyId: number): Promise<ApiKey> {
    return this.keys.get(keyId);
  }

  @RequirePermission('write')
  @Answers(201, apiKeyCreatedSchema)
  @Post()
  create(
    @Body({ schema: apiKeyCreateSchema }) body: ApiKeyCreate,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<Written<ApiKeyCreated>> {
    response.setHeader('cache-control', 'no-store');
    return this.keys.create(body);
  }

  @RequirePermission('write')
  @Answers(200, apiKeySchema)
  @Put(':key_id')
  update(
    @IdParam('key_id') keyId: number,
    @IfMatch() expected: ExpectedVersion,
    @Body({ schema: apiKeyUpdateSchema }) body: ApiKeyUpdate,
  ): Promise<Written<ApiKey>> {
    return this.keys.update(keyId, body, expected);
  }

  @RequirePermission('delete')
  @Answers(204)
  @HttpCode(204)
  @Delete(':key_id')
  delete(
    @IdParam('key_id') keyId: number,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<undefined>> {
    return this.keys.delete(keyId, expected);
  }
}
