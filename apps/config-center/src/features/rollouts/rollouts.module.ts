import { Module } from '@nestjs/common';
import { RolloutsService } from './rollouts.service.js';

@Module({ providers: [RolloutsService], exports: [RolloutsService] })
export class RolloutsModule {}
