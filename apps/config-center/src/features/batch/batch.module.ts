import { Module } from '@nestjs/common';
import { BatchController } from './batch.controller.js';
import { BatchRunner } from './batch.runner.js';
import { InProcessHttp } from './in-process-http.js';

@Module({
  controllers: [BatchController],
  providers: [BatchRunner, InProcessHttp],
  exports: [BatchRunner],
})
export class BatchModule {}
