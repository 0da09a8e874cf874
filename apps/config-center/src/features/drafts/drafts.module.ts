import { Module } from '@nestjs/common';
import { BatchModule } from '../batch/batch.module.js';
import { RolloutsModule } from '../rollouts/rollouts.module.js';
import { DraftsController } from './drafts.controller.js';
import { DraftsService } from './drafts.service.js';

@Module({
  imports: [BatchModule, RolloutsModule],
  controllers: [DraftsController],
  providers: [DraftsService],
})
export class DraftsModule {}
