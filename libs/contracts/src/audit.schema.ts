/** The audit trail: who did what, when, from where, and what it changed. Rows are never edited. */
import { z } from 'zod';
import { countSchema, idSchema, timeSchema } from './primitives.js';

export const auditEntrySchema = z.object({
  seq: idSchema.describe('without gaps, in the order of commits'),
  time: timeSchema,
  actor_id: idSchema.nullable().describe('null: the process itself, or nobody signed in'),
  actor_name: z.string(),
  actor_address: z.string().nullable(),
  request_id: z.string().nullable(),
  action: z.string().describe('create, update, delete, login_failed …'),
  object_type: z.string(),
  object_id: idSchema.nullable(),
  outcome: z.string().describe('done, or the error code that refused it'),
  revision: countSchema.nullable(),
  before: z.unknown().describe('secrets are fingerprints'),
  after: z.unknown().describe('secrets are fingerprints'),
  hash: z.string(),
  previous_hash: z.string(),
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;

export const auditVerificationSchema = z.object({
  valid: z.boolean(),
  rows: countSchema.describe('rows that were checked'),
  head: z.object({ seq: countSchema, hash: z.string() }).describe('to compare with logged heads'),
  fault: z.object({ seq: countSchema, reason: z.string() }).nullable().describe('the first'),
});
export type AuditVerification = z.infer<typeof auditVerificationSchema>;
