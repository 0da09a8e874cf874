/** Revisions as the admin API shows them: who made them, why, and what they changed. */
import { z } from 'zod';
import { instanceGroupSchema } from './held-value.schema.js';
import { batchOperationSchema, MAX_BATCH_OPERATIONS } from './batch.schema.js';
import {
  countSchema,
  idSchema,
  nameSchema,
  storedFields,
  textSchema,
  timeSchema,
  updateOf,
} from './primitives.js';

const actionSchema = z.enum(['create', 'update', 'delete']);

export const revisionSchema = z.object({
  revision: countSchema,
  create_time: timeSchema,
  cause: z.string().describe('write, batch, import, rollback, rollout …'),
  actor_id: idSchema.nullable(),
  actor_name: z.string(),
  request_id: z.string().nullable(),
  comment: z.string().nullable().describe('from X-Change-Comment'),
  details: z.unknown(),
  changes_total: countSchema,
  resources: z
    .array(z.object({ kind: z.string(), id: idSchema, name: z.string(), action: actionSchema }))
    .describe('the first 20'),
});
export type Revision = z.infer<typeof revisionSchema>;

export const fieldDiffSchema = z.object({
  path: z.string(),
  before: z.unknown(),
  after: z.unknown(),
});
export type FieldDiff = z.infer<typeof fieldDiffSchema>;

export const changeViewSchema = z.object({
  kind: z.string(),
  id: idSchema,
  name: z.string(),
  action: actionSchema,
  before: z.unknown().describe('secrets are fingerprints'),
  after: z.unknown().describe('secrets are fingerprints'),
  diff: z.array(fieldDiffSchema),
});
export type ChangeView = z.infer<typeof changeViewSchema>;

const changeList = {
  changes: z.array(changeViewSchema).describe('the first 500'),
  changes_total: countSchema,
};

export const revisionDetailSchema = revisionSchema.extend(changeList);
export type RevisionDetail = z.infer<typeof revisionDetailSchema>;

export const comparisonSchema = z.object({ from: countSchema, to: countSchema, ...changeList });
export type Comparison = z.infer<typeof comparisonSchema>;

export const rollbackRequestSchema = z.strictObject({
  dry_run: z.boolean().default(false).describe('check and show, write nothing'),
});
export type RollbackRequest = z.infer<typeof rollbackRequestSchema>;

export const rollbackResultSchema = z.object({
  /** Null after a dry run, and when there was nothing to change. */
  revision: countSchema.nullable(),
  rolled_back_to: countSchema,
  ...changeList,
});
export type RollbackResult = z.infer<typeof rollbackResultSchema>;

const groups = z.array(instanceGroupSchema).min(1).max(20);
const operations = z.array(batchOperationSchema).min(1).max(MAX_BATCH_OPERATIONS);

export const rolloutCreateSchema = z.strictObject({
  groups: groups.describe('instances that run the change first'),
  operations,
});
export type RolloutCreate = z.infer<typeof rolloutCreateSchema>;

export const rolloutSchema = z.object({
  rollout_id: idSchema,
  revision: countSchema.describe('that made the change'),
  groups,
  state: z.enum(['active', 'promoted', 'abandoned']),
  ended_revision: countSchema.nullable(),
  resources: z
    .array(z.object({ kind: z.string(), id: idSchema }))
    .describe('what instances outside the groups still run as it was'),
  ...storedFields,
});
export type Rollout = z.infer<typeof rolloutSchema>;

const writableDraft = {
  draft_name: nameSchema(100),
  description: textSchema(4000).nullable(),
  operations,
};
export const draftCreateSchema = z.strictObject({
  ...writableDraft,
  description: writableDraft.description.default(null),
});
export const draftUpdateSchema = updateOf(writableDraft);
export const draftSchema = z.object({
  draft_id: idSchema,
  ...writableDraft,
  state: z.enum(['open', 'published']),
  published_revision: countSchema.nullable(),
  ...storedFields,
});
export type DraftCreate = z.infer<typeof draftCreateSchema>;
export type DraftUpdate = z.infer<typeof draftUpdateSchema>;
export type Draft = z.infer<typeof draftSchema>;

export const draftPublishSchema = z.strictObject({
  groups: groups.optional().describe('publish as a rollout to these first'),
});
export type DraftPublish = z.infer<typeof draftPublishSchema>;

export const draftValidationSchema = z.object({ valid: z.literal(true), ...changeList });
export type DraftValidation = z.infer<typeof draftValidationSchema>;
