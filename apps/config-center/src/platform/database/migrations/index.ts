/** Every migration, oldest first. A migration that was released is never edited. */
import { Initial1763700000000 } from './1763700000000-initial.js';
import { AuditAndRevisions1763800000000 } from './1763800000000-audit-and-revisions.js';
import { PoliciesAndSettings1763800100000 } from './1763800100000-policies-and-settings.js';
import { RolloutsAndDrafts1763800300000 } from './1763800300000-rollouts-and-drafts.js';
import { JobRuns1763800400000 } from './1763800400000-job-runs.js';
import { TokenRules1763800500000 } from './1763800500000-token-rules.js';

export const MIGRATIONS = [
  Initial1763700000000,
  AuditAndRevisions1763800000000,
  PoliciesAndSettings1763800100000,
  RolloutsAndDrafts1763800300000,
  JobRuns1763800400000,
  TokenRules1763800500000,
] as const;
