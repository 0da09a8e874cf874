/**
 * Settings of gateways that may be changed while they run, by level: the environment of the process,
 * the cluster, the instance's groups in order of name, the instance. The later word counts, field by
 * field.
 */
import { z } from 'zod';
import { LOG_LEVELS } from './log-level.js';
import { idSchema, storedFields } from './primitives.js';

export const SETTINGS_LEVELS = ['cluster', 'group', 'instance'] as const;
export type SettingsLevel = (typeof SETTINGS_LEVELS)[number];

/** `level_name` of the one row of the level `cluster`. */
export const CLUSTER_NAME = 'cluster';

/** A label of gateways or the id of one. */
export const gatewayLabelSchema = z
  .string()
  .max(100)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'letters, digits, dot, underscore and dash only');

const fields = {
  log_level: z.enum(LOG_LEVELS),
  access_log: z.boolean().describe('one line per request, at log level info or below'),
  expose_decision: z.boolean().describe('answers carry x-gateway-namespace and x-gateway-upstream'),
  max_inflight: z.int().min(1).max(1_000_000).describe('requests in progress; more are shed'),
  max_body_bytes: z.int().min(1024).max(1_073_741_824).describe('largest body'),
  default_timeout_sec: z
    .int()
    .min(1)
    .max(3600)
    .describe('to the first byte and between bytes, where no upstream or route says else'),
  drain_ms: z.int().min(0).max(600_000).describe('time open streams get at shutdown'),
};
export const SETTINGS_FIELDS = Object.keys(fields) as (keyof typeof fields)[];

/** What a level says; absent: the level below. */
export const gatewaySettingsSchema = z.object(fields).partial();

const nullable = <Field extends z.ZodType>(field: Field) => field.nullable().optional();
/** The body of a PUT: absent keeps, null clears. */
export const gatewaySettingsUpdateSchema = z.strictObject({
  values: z.strictObject({
    log_level: nullable(fields.log_level),
    access_log: nullable(fields.access_log),
    expose_decision: nullable(fields.expose_decision),
    max_inflight: nullable(fields.max_inflight),
    max_body_bytes: nullable(fields.max_body_bytes),
    default_timeout_sec: nullable(fields.default_timeout_sec),
    drain_ms: nullable(fields.drain_ms),
  }),
});

/** What the data plane gets. */
export const settingsConfigSchema = z.object({
  settings_id: idSchema,
  level: z.enum(SETTINGS_LEVELS),
  level_name: gatewayLabelSchema.describe('`cluster`, a group, or an instance’s id'),
  values: gatewaySettingsSchema,
});
export const settingsLevelSchema = settingsConfigSchema.extend(storedFields);

/** Which level a value in effect comes from. */
export const settingsOriginSchema = z.object({
  level: z.enum(['environment', ...SETTINGS_LEVELS]),
  level_name: z.string().nullable(),
});

/** What an instance with these groups runs; `environment`: what its process was started with. */
export const effectiveSettingsSchema = z.object({
  instance_id: z.string().nullable(),
  groups: z.array(gatewayLabelSchema),
  values: gatewaySettingsSchema,
  origins: z.record(z.enum(SETTINGS_FIELDS), settingsOriginSchema),
});

export type GatewaySettingsField = keyof typeof fields;
export type GatewaySettingsValues = z.infer<typeof gatewaySettingsSchema>;
export type GatewaySettingsUpdate = z.infer<typeof gatewaySettingsUpdateSchema>;
export type SettingsConfig = z.infer<typeof settingsConfigSchema>;
export type SettingsLevelRow = z.infer<typeof settingsLevelSchema>;
export type SettingsOrigin = z.infer<typeof settingsOriginSchema>;
export type EffectiveSettings = z.infer<typeof effectiveSettingsSchema>;
