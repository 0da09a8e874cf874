import {
  driftAcceptedSchema,
  driftReportSchema,
  driftSchema,
  type Drift,
  type DriftAccepted,
  type DriftReport,
} from '@ai-gateway/contracts';
import { Answers, ServiceOnly } from '@ai-gateway/nest-runtime';
import { Body, Controller, Get, HttpCode, Inject, Post } from '@nestjs/common';
import { DriftService } from './drift.service.js';

@Controller('drift')
export class DriftController {
  constructor(@Inject(DriftService) private readonly drift: DriftService) {}

  /** By model: how far counts are from reported usage, and the factor that would mend it. */
  @ServiceOnly()
  @Get()
  @Answers(200, driftSchema)
  list(): Drift {
    return this.drift.list();
  }

  /** From gateways. */
  @ServiceOnly()
  @Post()
  @HttpCode(202)
  @Answers(202, driftAcceptedSchema)
  add(@Body({ schema: driftReportSchema }) { samples }: DriftReport): DriftAccepted {
    this.drift.add(samples);
    return { accepted: samples.length };
  }
}
