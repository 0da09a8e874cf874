import { Module } from '@nestjs/common';
import { AuditController } from './audit.controller.js';
import { AuditHeadJob } from './audit-head.job.js';
import { AuditService } from './audit.service.js';

@Module({ controllers: [AuditController], providers: [AuditService, AuditHeadJob] })
export class AuditModule {}
