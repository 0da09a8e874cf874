/** The audit trail to read and to verify; nothing here writes it. */
import {
  auditEntrySchema,
  auditVerificationSchema,
  listQueryOf,
  pageOf,
  timeSchema,
  type AuditEntry,
  type AuditVerification,
  type Page,
} from '@ai-gateway/contracts';
import { Answers, RequirePermission } from '@ai-gateway/nest-runtime';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AuditVerifier } from '../../platform/audit/audit-verifier.js';
import { IdParam } from '../../platform/http/id-param.decorator.js';
import { filters } from '../../platform/resources/list-page.js';
import { AuditService, type AuditQuery } from './audit.service.js';

const listFilters = {
  actor_id: filters.id,
  actor_name: filters.text,
  action: filters.text,
  object_type: filters.text,
  object_id: filters.id,
  outcome: filters.text,
  request_id: filters.text,
  revision: filters.id,
  from: timeSchema.optional(),
  to: timeSchema.optional(),
};
const listSchema = listQueryOf(['seq', 'time'], listFilters, '-seq');

@ApiTags('audit')
@Controller('api/v1/audit')
export class AuditController {
  constructor(
    private readonly audit: AuditService,
    private readonly verifier: AuditVerifier,
  ) {}

  @Get()
  @RequirePermission('read')
  @Answers(200, pageOf(auditEntrySchema))
  list(@Query({ schema: listSchema }) query: AuditQuery): Promise<Page<AuditEntry>> {
    return this.audit.list(query);
  }

  /** Recomputes every hash; takes about a second per 100,000 rows. */
  @Get('verification')
  @RequirePermission('read')
  @Answers(200, auditVerificationSchema)
  verify(): Promise<AuditVerification> {
    return this.verifier.verify();
  }

  @Get(':seq')
  @RequirePermission('read')
  @Answers(200, auditEntrySchema)
  find(@IdParam('seq') seq: number): Promise<AuditEntry> {
    return this.audit.find(seq);
  }
}
