import { Module } from '@nestjs/common';
import { MatchersController } from './matchers.controller.js';
import { MatchersService } from './matchers.service.js';

@Module({
  controllers: [MatchersController],
  providers: [MatchersService],
  exports: [MatchersService],
})
export class MatchersModule {}
