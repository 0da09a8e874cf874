/**
 * Gateway instances: what each reports by heartbeat, what it is answered, and the matrix the control
 * plane shows. Unknown fields of a heartbeat are dropped rather than refused, because gateways may
 * be newer than the control plane while an installation is upgraded.
 */
import { z } from 'zod';
import { configHeadSchema } from './config-feed.schema.js';
import { countSchema, nameSchema, textSchema, timeSchema } from './primitives.js';

/** Of `nacks`; `nack_count` counts them all. */
export const MAX_REPORTED_NACKS = 50;
export const MAX_NACK_REASON = 500;
const MAX_GROUPS = 64;

const ratioSchema = z.number().min(0).max(10_000);
const millisecondsSchema = z.number().min(0).max(Number.MAX_SAFE_INTEGER);
const digestSchema = z.string().regex(/^[0-9a-f]{32}$/);

export const instanceIdSchema = nameSchema(128);

const reportedNackSchema = z.object({
  kind: textSchema(50),
  id: countSchema,
  revision: countSchema.describe('of the refused value'),
  reason: textSchema(MAX_NACK_REASON),
  since: timeSchema.describe('when its refusal began'),
});

const instanceLoadSchema = z.object({
  inflight: countSchema,
  open_streams: countSchema,
  requests_per_second: z.number().min(0).max(Number.MAX_SAFE_INTEGER),
  cpu_ratio: ratioSchema.describe('1 is one core'),
  rss_bytes: countSchema,
  event_loop_delay_p99_ms: millisecondsSchema,
});

const reportedFields = {
  instance_id: instanceIdSchema,
  process_id: z
    .string()
    .regex(/^[A-Za-z0-9-]{8,64}$/)
    .describe('random per process, so that two processes of one name are told apart'),
  groups: z.array(nameSchema(128)).max(MAX_GROUPS),
  version: textSchema(50),
  address: textSchema(255).describe('where clients reach it'),
  management_address: textSchema(255),
  started_at: timeSchema,
  epoch: configHeadSchema.shape.epoch.nullable(),
  revision: countSchema.nullable().describe('applied; null: it has no configuration yet'),
  digest: digestSchema.nullable().describe('of all it has received'),
  config_source: textSchema(50).nullable().describe('redis, http or snapshot; null: none answers'),
  last_contact_ms_ago: countSchema
    .nullable()
    .describe('since a source confirmed the configuration'),
  pinned_revision: countSchema.nullable(),
  nacks: z.array(reportedNackSchema).max(MAX_REPORTED_NACKS).describe('newest revision first'),
  nack_count: countSchema.describe('all of them, also those beyond the list'),
  load: instanceLoadSchema,
  limits_mode: z.enum(['shared', 'local', 'degraded']),
};

export const heartbeatSchema = z.object({
  ...reportedFields,
  state: z.enum(['live', 'stopping']),
});
export type Heartbeat = z.infer<typeof heartbeatSchema>;

export const heartbeatAnswerSchema = z.object({
  live_instances: countSchema.min(1),
  head: configHeadSchema.nullable().describe('null: not known yet'),
  reload: z.boolean().describe('fetch the whole configuration anew: the digest does not match'),
  id_conflict: z.boolean().describe('another live process uses the same instance_id'),
});
export type HeartbeatAnswer = z.infer<typeof heartbeatAnswerSchema>;

/** `gone`: no heartbeat for 15 s. */
export const INSTANCE_STATES = ['live', 'stopping', 'gone'] as const;
export type InstanceState = (typeof INSTANCE_STATES)[number];

export const instanceSchema = z.object({
  ...reportedFields,
  state: z.enum(INSTANCE_STATES),
  last_seen_at: timeSchema,
  lag_revisions: countSchema
    .nullable()
    .describe('behind the head; all of them in another epoch; null: the head is not known'),
  lag_ms: millisecondsSchema
    .nullable()
    .describe('since the first revision it lacks; 0: lacks none; null: not known'),
  digest_matches: z.boolean().nullable().describe('null: nothing to compare with'),
  id_conflict: z.boolean(),
});
export type Instance = z.infer<typeof instanceSchema>;

export const instanceHeadSchema = configHeadSchema.extend({
  digest: digestSchema.nullable().describe('null: not computed yet'),
});

export const instanceListSchema = z.object({
  items: z.array(instanceSchema),
  total: countSchema,
  page: z.int(),
  size: z.int(),
  head: instanceHeadSchema.nullable().describe('where the configuration stands'),
  from_memory: z
    .boolean()
    .describe('true: the database is away, this is what one config-center knows'),
});
export type InstanceList = z.infer<typeof instanceListSchema>;
