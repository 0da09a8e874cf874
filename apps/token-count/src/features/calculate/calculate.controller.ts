import {
  MAX_COUNT_BATCH,
  calculateAnswerSchema,
  calculateBodySchema,
  type CalculateAnswer,
  type CalculateBody,
  type CalculateRequest,
} from '@ai-gateway/contracts';
import { AdminError, Answers, ServiceOnly } from '@ai-gateway/nest-runtime';
import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { CountingService } from '../../platform/counting/counting.service.js';

@Controller()
export class CalculateController {
  constructor(@Inject(CountingService) private readonly counting: CountingService) {}

  /** The input's tokens of one request, or of each of many. */
  @ServiceOnly()
  @Post('calculate')
  @HttpCode(200)
  @Answers(200, calculateAnswerSchema)
  async calculate(
    @Body({ schema: calculateBodySchema }) body: CalculateBody,
  ): Promise<CalculateAnswer> {
    const { requests, model = '', ...given } = body;
    if (requests !== undefined) return this.calculateAll(requests);
    const request = { model, ...given };
    this.counting.check(request);
    return this.counting.count(request);
  }

  /** One after the other: a batch takes one place in the queue, whatever its size. */
  private async calculateAll(requests: readonly CalculateRequest[]): Promise<CalculateAnswer> {
    if (requests.length > MAX_COUNT_BATCH) {
      const message = `${requests.length} requests, at most ${MAX_COUNT_BATCH}`;
      throw new AdminError('PAYLOAD_TOO_LARGE', { details: [{ path: 'requests', message }] });
    }
    for (const [index, request] of requests.entries()) {
      this.counting.check(request, `requests.${index}.`);
    }
    const results = [];
    for (const request of requests) results.push(await this.counting.count(request));
    return { results };
  }
}
