import { Module } from '@nestjs/common';
import { EffectiveRulesController } from './effective-rules.controller.js';
import { PoliciesController } from './policies.controller.js';
import { PoliciesService } from './policies.service.js';

@Module({
  controllers: [PoliciesController, EffectiveRulesController],
  providers: [PoliciesService],
  exports: [PoliciesService],
})
export class PoliciesModule {}
