/** Every entity of the process; migrations make their tables. */
import { FEATURE_ENTITIES } from './app.features.js';
import type { Entities } from './platform/database/data-source.js';
import { JobRunEntity } from './platform/jobs/job-run.entity.js';
import { AuditEntryEntity } from './platform/audit/audit-entry.entity.js';
import { AuditHeadEntity } from './platform/audit/audit-head.entity.js';
import { ConfigChangeEntity } from './platform/revisions/config-change.entity.js';
import { ConfigRevisionEntity } from './platform/revisions/config-revision.entity.js';
import { ConfigStateEntity } from './platform/revisions/config-state.entity.js';
import { HeldValueEntity } from './platform/revisions/held-value.entity.js';

export const ENTITIES: Entities = [
  ConfigChangeEntity,
  ConfigRevisionEntity,
  ConfigStateEntity,
  HeldValueEntity,
  JobRunEntity,
  AuditEntryEntity,
  AuditHeadEntity,
  ...FEATURE_ENTITIES,
];
