import {
  calculateRequestSchema,
  calculateResponseSchema,
  type CalculateRequest,
  type CalculateResponse,
} from '@ai-gateway/contracts';
import { Answers, ServiceOnly } from '@ai-gateway/nest-runtime';
import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { CalculateService } from './calculate.service.js';

@Controller()
export class CalculateController {
  constructor(@Inject(CalculateService) private readonly service: CalculateService) {}

  @ServiceOnly()
  @Post('calculate')
  @HttpCode(200)
  @Answers(200, calculateResponseSchema)
  calculate(
    @Body({ schema: calculateRequestSchema }) body: CalculateRequest,
  ): Promise<CalculateResponse> {
    return this.service.calculate(body);
  }
}
