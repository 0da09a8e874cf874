import {
  listQueryOf,
  ruleCreateSchema,
  ruleSchema,
  ruleUpdateSchema,
  pageOf,
  type Rule,
  type RuleCreate,
  type RuleUpdate,
  type Page,
} from '@ai-gateway/contracts';
import { Answers, RequirePermission } from '@ai-gateway/nest-runtime';
import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { IdParam } from '../../platform/http/id-param.decorator.js';
import { IfMatch, type ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { filters, type ListQuery } from '../../platform/resources/list-page.js';
import type { Written } from '../../platform/revisions/config-revisions.js';
import { RulesService } from './rules.service.js';

const listSchema = listQueryOf(
  ['rule_id', 'rule_name', 'rule_type', 'priority', 'status', 'create_time', 'update_time'],
  { rule_name: filters.text, rule_type: filters.text, mode: filters.text, status: filters.status },
);

@ApiTags('rules')
@Controller('api/v1')
export class RulesController {
  constructor(private readonly rules: RulesService) {}

  @Get('namespaces/:namespace_id/rules')
  @RequirePermission('read')
  @Answers(200, pageOf(ruleSchema))
  list(
    @IdParam('namespace_id') ownerId: number,
    @Query({ schema: listSchema }) query: ListQuery,
  ): Promise<Page<Rule>> {
    return this.rules.list(ownerId, query);
  }

  @Post('namespaces/:namespace_id/rules')
  @RequirePermission('write')
  @Answers(201, ruleSchema)
  create(
    @IdParam('namespace_id') ownerId: number,
    @Body({ schema: ruleCreateSchema }) body: RuleCreate,
  ): Promise<Written<Rule>> {
    return this.rules.create(ownerId, body);
  }

  @Get('rules/:rule_id')
  @RequirePermission('read')
  @Answers(200, ruleSchema)
  find(@IdParam('rule_id') id: number): Promise<Rule> {
    return this.rules.find(id);
  }

  @Put('rules/:rule_id')
  @RequirePermission('write')
  @Answers(200, ruleSchema)
  update(
    @IdParam('rule_id') id: number,
    @Body({ schema: ruleUpdateSchema }) body: RuleUpdate,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<Rule>> {
    return this.rules.update(id, body, expected);
  }

  @Delete('rules/:rule_id')
  @HttpCode(204)
  @RequirePermission('delete')
  @Answers(204)
  remove(
    @IdParam('rule_id') id: number,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<void>> {
    return this.rules.remove(id, expected);
  }
}
