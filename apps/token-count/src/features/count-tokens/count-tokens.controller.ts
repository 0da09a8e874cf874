/** Anthropic's way to ask how many tokens a message has. */
import {
  countTokensRequestSchema,
  countTokensResponseSchema,
  type CalculateRequest,
  type CountTokensRequest,
  type CountTokensResponse,
} from '@ai-gateway/contracts';
import { Answers, ServiceOnly } from '@ai-gateway/nest-runtime';
import { Body, Controller, HttpCode, Inject, Post, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { CountingService } from '../../platform/counting/counting.service.js';

@Controller()
export class CountTokensController {
  constructor(@Inject(CountingService) private readonly counting: CountingService) {}

  /** Answers in Anthropic's shape; how it was counted stands in `x-token-count-method`. */
  @ServiceOnly()
  @Post('v1/messages/count_tokens')
  @HttpCode(200)
  @Answers(200, countTokensResponseSchema)
  async countTokens(
    @Body({ schema: countTokensRequestSchema }) body: CountTokensRequest,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<CountTokensResponse> {
    const request = requestOf(body);
    this.counting.check(request);
    const { tokens, method, encoding } = await this.counting.count(request);
    response.setHeader('x-token-count-method', method);
    response.setHeader('x-token-count-encoding', encoding);
    return { input_tokens: tokens.input };
  }
}

/** The system prompt stands beside the messages there, as the first of them here. */
function requestOf({ model, messages, system, tools }: CountTokensRequest): CalculateRequest {
  const first =
    system === undefined || system === null ? [] : [{ role: 'system', content: system }];
  return { model, messages: [...first, ...messages], tools };
}
