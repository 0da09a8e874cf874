import type { AuditEntry, Page } from '@ai-gateway/contracts';
import { Injectable } from '@nestjs/common';
import { AuditEntryEntity } from '../../platform/audit/audit-entry.entity.js';
import { Database } from '../../platform/database/database.js';
import { findPage, timeRange, type ListQuery } from '../../platform/resources/list-page.js';
import { requireRow } from '../../platform/resources/stored-row.js';

export interface AuditQuery extends ListQuery {
  from?: string | undefined;
  to?: string | undefined;
}

@Injectable()
export class AuditService {
  constructor(private readonly database: Database) {}

  list({ from, to, ...query }: AuditQuery): Promise<Page<AuditEntry>> {
    return findPage(this.database.manager, AuditEntryEntity, query, {
      idColumn: 'seq',
      where: timeRange('time', from, to),
      view: entryOf,
    });
  }

  async find(seq: number): Promise<AuditEntry> {
    return entryOf(await requireRow(this.database.manager, AuditEntryEntity, { seq }));
  }
}

const entryOf = ({
  time,
  before_value: before,
  after_value: after,
  ...row
}: AuditEntryEntity): AuditEntry => ({ ...row, time: time.toISOString(), before, after });
