/** An upstream is a named group of targets that answer for the same models or service. */
import { z } from 'zod';
import {
  codeSchema,
  idSchema,
  labelsSchema,
  nameSchema,
  statusSchema,
  storedFields,
  updateOf,
} from './primitives.js';
import { sealedSecretSchema, secretViewSchema } from './sealed-secret.schema.js';

export const UPSTREAM_PROTOCOLS = ['openai', 'anthropic', 'http'] as const;
export type UpstreamProtocol = (typeof UPSTREAM_PROTOCOLS)[number];

export const BALANCING_ALGORITHMS = [
  'round_robin',
  'weighted_random',
  'least_connections',
] as const;
export type BalancingAlgorithm = (typeof BALANCING_ALGORITHMS)[number];

const timeoutMs = z.int().min(1).max(3_600_000);
export const timeoutsSchema = z.strictObject({
  connect_ms: timeoutMs.optional().describe('default 2000'),
  first_byte_ms: timeoutMs.optional().describe('default 30000'),
  idle_ms: timeoutMs.optional().describe('longest silence within an answer; default 30000'),
});
export type Timeouts = z.infer<typeof timeoutsSchema>;

/** http or https, no userinfo, query or fragment; the address policy is checked besides. */
export const targetUrlSchema = z
  .url({ protocol: /^https?$/ })
  .max(2000)
  .regex(/^[^\s\p{Cc}\p{Cs}?#]*$/u, 'must not carry white space, a query or a fragment')
  .refine(hasNoUserinfo, 'must not carry a user or password');

function hasNoUserinfo(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username === '' && password === '';
}

const credentialSchema = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[\x21-\x7e]+$/, 'visible ASCII only')
  .nullable()
  .describe('write-only; sent to the target as its API key');

const targetWritable = {
  url: targetUrlSchema,
  weight: z.int().min(0).max(10_000),
  credential: credentialSchema,
  model_map: z
    .record(nameSchema(200), nameSchema(200))
    .describe('model name of the client → model name of this target'),
  labels: labelsSchema,
  status: statusSchema,
};
export const targetCreateSchema = z.strictObject({
  ...targetWritable,
  weight: targetWritable.weight.default(100),
  credential: credentialSchema.default(null),
  model_map: targetWritable.model_map.default({}),
  labels: labelsSchema.default({}),
  status: statusSchema.default(1),
});
export const targetUpdateSchema = updateOf(targetWritable);
const targetIdentity = { target_id: idSchema, upstream_id: idSchema };
export const targetConfigSchema = z.object({
  ...targetIdentity,
  ...targetWritable,
  credential: sealedSecretSchema.nullable(),
});
export const targetSchema = z.object({
  ...targetIdentity,
  ...targetWritable,
  credential: secretViewSchema,
  ...storedFields,
});

const upstreamWritable = {
  upstream_code: codeSchema,
  upstream_name: nameSchema(100),
  protocol: z.enum(UPSTREAM_PROTOCOLS),
  algorithm: z.enum(BALANCING_ALGORITHMS),
  timeouts: timeoutsSchema,
  status: statusSchema,
};
export const upstreamCreateSchema = z.strictObject({
  ...upstreamWritable,
  protocol: upstreamWritable.protocol.default('openai'),
  algorithm: upstreamWritable.algorithm.default('round_robin'),
  timeouts: timeoutsSchema.default({}),
  status: statusSchema.default(1),
  targets: z.array(targetCreateSchema).max(100).default([]),
});
export const upstreamUpdateSchema = updateOf(upstreamWritable);
export const upstreamConfigSchema = z.object({ upstream_id: idSchema, ...upstreamWritable });
export const upstreamSchema = upstreamConfigSchema.extend({
  ...storedFields,
  targets: z.array(targetSchema),
});

export type TargetCreate = z.infer<typeof targetCreateSchema>;
export type TargetUpdate = z.infer<typeof targetUpdateSchema>;
export type TargetConfig = z.infer<typeof targetConfigSchema>;
export type Target = z.infer<typeof targetSchema>;
export type UpstreamCreate = z.infer<typeof upstreamCreateSchema>;
export type UpstreamUpdate = z.infer<typeof upstreamUpdateSchema>;
export type UpstreamConfig = z.infer<typeof upstreamConfigSchema>;
export type Upstream = z.infer<typeof upstreamSchema>;
