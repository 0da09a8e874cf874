import {
  listQueryOf,
  pageOf,
  policyCreateSchema,
  policySchema,
  policyUpdateSchema,
  type Page,
  type Policy,
  type PolicyCreate,
  type PolicyUpdate,
} from '@ai-gateway/contracts';
import { Answers, RequirePermission } from '@ai-gateway/nest-runtime';
import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { cascadeQuerySchema, type CascadeQuery } from '../../platform/http/cascade-query.js';
import { IdParam } from '../../platform/http/id-param.decorator.js';
import { IfMatch, type ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { filters, type ListQuery } from '../../platform/resources/list-page.js';
import type { Written } from '../../platform/revisions/config-revisions.js';
import { PoliciesService } from './policies.service.js';

const listSchema = listQueryOf(
  ['policy_id', 'policy_name', 'policy_type', 'status', 'create_time', 'update_time'],
  { policy_name: filters.text, policy_type: filters.text, status: filters.status },
);

@ApiTags('policies')
@Controller('api/v1/policies')
export class PoliciesController {
  constructor(private readonly policies: PoliciesService) {}

  @Get()
  @RequirePermission('read')
  @Answers(200, pageOf(policySchema))
  list(@Query({ schema: listSchema }) query: ListQuery): Promise<Page<Policy>> {
    return this.policies.list(query);
  }

  @Get(':policy_id')
  @RequirePermission('read')
  @Answers(200, policySchema)
  find(@IdParam('policy_id') id: number): Promise<Policy> {
    return this.policies.find(id);
  }

  @Post()
  @RequirePermission('write')
  @Answers(201, policySchema)
  create(@Body({ schema: policyCreateSchema }) body: PolicyCreate): Promise<Written<Policy>> {
    return this.policies.create(body);
  }

  @Put(':policy_id')
  @RequirePermission('write')
  @Answers(200, policySchema)
  update(
    @IdParam('policy_id') id: number,
    @Body({ schema: policyUpdateSchema }) body: PolicyUpdate,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<Policy>> {
    return this.policies.update(id, body, expected);
  }

  /** `?cascade=true` takes the policy from the namespaces that inherit from it. */
  @Delete(':policy_id')
  @HttpCode(204)
  @RequirePermission('delete')
  @Answers(204)
  remove(
    @IdParam('policy_id') id: number,
    @Query({ schema: cascadeQuerySchema }) { cascade }: CascadeQuery,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<void>> {
    return this.policies.remove(id, expected, cascade);
  }
}
