import {
  listQueryOf,
  pageOf,
  tokenRuleCreateSchema,
  tokenRuleRollbackSchema,
  tokenRuleSchema,
  tokenRuleTestResultSchema,
  tokenRuleTestSchema,
  tokenRuleUpdateSchema,
  tokenRuleVersionsSchema,
  type Page,
  type TokenRule,
  type TokenRuleCreate,
  type TokenRuleRollback,
  type TokenRuleTest,
  type TokenRuleTestResult,
  type TokenRuleUpdate,
  type TokenRuleVersions,
} from '@ai-gateway/contracts';
import { Answers, RequirePermission } from '@ai-gateway/nest-runtime';
import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { IdParam } from '../../platform/http/id-param.decorator.js';
import { IfMatch, type ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { filters, type ListQuery } from '../../platform/resources/list-page.js';
import type { Written } from '../../platform/revisions/config-revisions.js';
import { TokenRulesService } from './token-rules.service.js';

const listSchema = listQueryOf(
  ['token_rule_id', 'rule_name', 'model_pattern', 'priority', 'create_time', 'update_time'],
  { rule_name: filters.text, model_pattern: filters.text, status: filters.status },
);

const publishQuerySchema = z.object({
  publish: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true'),
});
type PublishQuery = z.output<typeof publishQuerySchema>;

@ApiTags('token-rules')
@Controller('api/v1/token-rules')
export class TokenRulesController {
  constructor(private readonly rules: TokenRulesService) {}

  @Get()
  @RequirePermission('read')
  @Answers(200, pageOf(tokenRuleSchema))
  list(@Query({ schema: listSchema }) query: ListQuery): Promise<Page<TokenRule>> {
    return this.rules.list(query);
  }

  @Get(':token_rule_id')
  @RequirePermission('read')
  @Answers(200, tokenRuleSchema)
  find(@IdParam('token_rule_id') id: number): Promise<TokenRule> {
    return this.rules.find(id);
  }

  /** The newest 200. */
  @Get(':token_rule_id/versions')
  @RequirePermission('read')
  @Answers(200, tokenRuleVersionsSchema)
  versions(@IdParam('token_rule_id') id: number): Promise<TokenRuleVersions> {
    return this.rules.versions(id);
  }

  /** Makes a draft, which nobody counts by until it is published, with `publish=true` at once. */
  @Post()
  @RequirePermission('write')
  @Answers(201, tokenRuleSchema)
  create(
    @Body({ schema: tokenRuleCreateSchema }) body: TokenRuleCreate,
    @Query({ schema: publishQuerySchema }) { publish }: PublishQuery,
  ): Promise<Written<TokenRule>> {
    return this.rules.create(body, publish);
  }

  /** Edits the draft; what is published stays until the draft is, with `publish=true` at once. */
  @Put(':token_rule_id')
  @RequirePermission('write')
  @Answers(200, tokenRuleSchema)
  update(
    @IdParam('token_rule_id') id: number,
    @Body({ schema: tokenRuleUpdateSchema }) body: TokenRuleUpdate,
    @IfMatch() expected: ExpectedVersion,
    @Query({ schema: publishQuerySchema }) { publish }: PublishQuery,
  ): Promise<Written<TokenRule>> {
    return this.rules.update(id, body, { expected, publish });
  }

  /** Counts samples by the draft and compares; writes nothing. */
  @Post(':token_rule_id/test')
  @HttpCode(200)
  @RequirePermission('write')
  @Answers(200, tokenRuleTestResultSchema)
  test(
    @IdParam('token_rule_id') id: number,
    @Body({ schema: tokenRuleTestSchema }) body: TokenRuleTest,
  ): Promise<TokenRuleTestResult> {
    return this.rules.test(id, body);
  }

  @Post(':token_rule_id/publish')
  @HttpCode(200)
  @RequirePermission('write')
  @Answers(200, tokenRuleSchema)
  publish(
    @IdParam('token_rule_id') id: number,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<TokenRule>> {
    return this.rules.publish(id, expected);
  }

  /** Puts an earlier published version back. */
  @Post(':token_rule_id/rollback')
  @HttpCode(200)
  @RequirePermission('write')
  @Answers(200, tokenRuleSchema)
  rollback(
    @IdParam('token_rule_id') id: number,
    @Body({ schema: tokenRuleRollbackSchema }) { rule_version }: TokenRuleRollback,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<TokenRule>> {
    return this.rules.rollback(id, rule_version, expected);
  }

  @Delete(':token_rule_id/draft')
  @RequirePermission('delete')
  @Answers(200, tokenRuleSchema)
  discardDraft(
    @IdParam('token_rule_id') id: number,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<TokenRule>> {
    return this.rules.discardDraft(id, expected);
  }

  @Delete(':token_rule_id')
  @HttpCode(204)
  @RequirePermission('delete')
  @Answers(204)
  remove(
    @IdParam('token_rule_id') id: number,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<void>> {
    return this.rules.remove(id, expected);
  }
}
