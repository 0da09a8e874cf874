import type { IncomingMessage } from 'node:http';
import {
  batchRequestSchema,
  batchResultSchema,
  type BatchRequest,
  type BatchResult,
} from '@ai-gateway/contracts';
import { Answers, RequirePermission, principalOf } from '@ai-gateway/nest-runtime';
import { Body, Controller, HttpCode, Post, Req, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  JSON_TYPES,
  LargeBodyInterceptor,
  parseJson,
} from '../../platform/http/large-body.interceptor.js';
import { Written } from '../../platform/revisions/config-revisions.js';
import { BatchRunner } from './batch.runner.js';

@ApiTags('batch')
@Controller('api/v1/batch')
export class BatchController {
  constructor(private readonly runner: BatchRunner) {}

  /** All or nothing, one revision. */
  @Post()
  @HttpCode(200)
  @RequirePermission('write')
  @UseInterceptors(new LargeBodyInterceptor({ types: JSON_TYPES, parse: parseJson }))
  @Answers(200, batchResultSchema)
  async run(
    @Body({ schema: batchRequestSchema }) { operations, dry_run: dryRun }: BatchRequest,
    @Req() request: IncomingMessage,
  ): Promise<Written<BatchResult> | BatchResult> {
    const principal = principalOf(request);
    const options = { principal, cause: 'batch', dryRun } as const;
    const { revision, results } = await this.runner.run(operations, options);
    return revision === null ? { revision, results } : new Written({ revision, results }, revision);
  }
}
