import { Module } from '@nestjs/common';
import { TargetRows } from './target-rows.js';
import { TargetsController } from './targets.controller.js';
import { TargetsService } from './targets.service.js';
import { UpstreamsController } from './upstreams.controller.js';
import { UpstreamsService } from './upstreams.service.js';

@Module({
  controllers: [UpstreamsController, TargetsController],
  providers: [UpstreamsService, TargetsService, TargetRows],
  exports: [UpstreamsService],
})
export class UpstreamsModule {}
