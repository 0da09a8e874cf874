/**
 * A rule holds a namespace to something: connections, requests, tokens or a field's value.
 * `rule_config` is a JSON object on the wire, discriminated by `rule_type`.
 */
import { z } from 'zod';
import { fieldOperatorSchema } from './operators.js';
import {
  MAX_SAFE_COUNT,
  countSchema,
  idSchema,
  nameSchema,
  prioritySchema,
  statusSchema,
  storedFields,
  textSchema,
} from './primitives.js';

export const RULE_TYPES = [
  'connection_limit',
  'request_limit',
  'token_limit',
  'field_check',
] as const;
export type RuleType = (typeof RULE_TYPES)[number];

/** What a counter is keyed by, besides the rule itself. */
export const RULE_SCOPES = ['namespace', 'api_key', 'ip', 'user', 'model', 'route'] as const;
export type RuleScope = (typeof RULE_SCOPES)[number];

export const RULE_MODES = ['enforce', 'shadow'] as const;
export type RuleMode = (typeof RULE_MODES)[number];

/** What holds while the shared counters are unreachable. */
export const STORE_FAILURE_POLICIES = ['share', 'open', 'closed'] as const;
export type StoreFailurePolicy = (typeof STORE_FAILURE_POLICIES)[number];

export const REQUEST_ALGORITHMS = [
  'sliding_window',
  'fixed_window',
  'token_bucket',
  'leaky_bucket',
] as const;
export type RequestAlgorithm = (typeof REQUEST_ALGORITHMS)[number];

const MAX_SPAN_SEC = 31 * 86_400;
const spanSecondsSchema = z.int().min(1).max(MAX_SPAN_SEC);

const atLeastOneOf = (names: readonly string[]) => ({
  check: (config: Record<string, unknown>) => names.some((name) => config[name] !== undefined),
  message: `needs at least one of ${names.join(', ')}`,
});

export const connectionLimitConfigSchema = z.strictObject({
  max_connections: countSchema,
  window_size: z
    .int()
    .min(1)
    .max(86_400)
    .optional()
    .describe('seconds; longest age of one connection’s lease, not a window'),
});

const REQUEST_CAPS = [
  'max_requests_per_second',
  'max_requests_per_minute',
  'max_requests_per_hour',
  'max_requests_per_day',
] as const;
const needsRequestCap = atLeastOneOf(REQUEST_CAPS);
export const requestLimitConfigSchema = z
  .strictObject({
    max_requests_per_second: countSchema.optional(),
    max_requests_per_minute: countSchema.optional(),
    max_requests_per_hour: countSchema.optional(),
    max_requests_per_day: countSchema.optional(),
    algorithm: z.enum(REQUEST_ALGORITHMS).optional().describe('default sliding_window'),
  })
  .refine(needsRequestCap.check, needsRequestCap.message);

const SPAN_CAPS = ['max_input_tokens', 'max_output_tokens', 'max_total_tokens'] as const;
const needsSpanCap = atLeastOneOf(SPAN_CAPS);
export const tokenSpanSchema = z
  .strictObject({
    span_seconds: spanSecondsSchema,
    max_input_tokens: countSchema.optional(),
    max_output_tokens: countSchema.optional(),
    max_total_tokens: countSchema.optional(),
  })
  .refine(needsSpanCap.check, needsSpanCap.message);

const TOKEN_CAPS = [
  'max_tokens_per_hour',
  'max_tokens_per_day',
  'spans',
  'max_input_tokens_per_request',
  'max_output_tokens_per_request',
] as const;
const needsTokenCap = atLeastOneOf(TOKEN_CAPS);
export const tokenLimitConfigSchema = z
  .strictObject({
    max_tokens_per_hour: countSchema
      .optional()
      .describe('input + output; short for a span of window_size (3600) with max_total_tokens'),
    max_tokens_per_day: countSchema.optional().describe('input + output within 86400 s'),
    window_size: spanSecondsSchema.optional().describe('seconds; span of max_tokens_per_hour'),
    spans: z.array(tokenSpanSchema).min(1).max(8).optional(),
    max_input_tokens_per_request: countSchema.optional(),
    max_output_tokens_per_request: countSchema.optional(),
  })
  .refine(needsTokenCap.check, needsTokenCap.message);

export const FIELD_PLACES = ['header', 'query', 'body'] as const;
export type FieldPlace = (typeof FIELD_PLACES)[number];

const scalarSchema = z.union([
  textSchema(4096),
  z.number().min(-MAX_SAFE_COUNT).max(MAX_SAFE_COUNT),
  z.boolean(),
  z.null(),
]);
const needsValue = (config: { operator: string; value?: unknown }): boolean =>
  config.operator === 'exists' || config.value !== undefined;
export const fieldCheckConfigSchema = z
  .strictObject({
    field_path: z
      .string()
      .max(200)
      .regex(
        /^(header|query|body)\.[^\p{Cc}\p{Cs}\s]+$/u,
        'header.<name>, query.<name> or body.<path>',
      ),
    operator: fieldOperatorSchema,
    value: z.union([scalarSchema, z.array(scalarSchema).max(1000)]).optional(),
    message: nameSchema(500).optional().describe('what a refused client reads'),
    status_code: z
      .union([z.literal(400), z.literal(403)])
      .optional()
      .describe('default 403'),
  })
  .refine(needsValue, { message: 'needs a value for this operator', path: ['value'] });

const common = {
  rule_name: nameSchema(100),
  priority: prioritySchema,
  status: statusSchema,
  per: z.enum(RULE_SCOPES),
  mode: z.enum(RULE_MODES),
  on_store_failure: z.enum(STORE_FAILURE_POLICIES),
  models: z
    .array(textSchema(200).min(1))
    .max(200)
    .nullable()
    .describe('null: all; a trailing * matches any ending'),
};

const commonWithDefaults = {
  ...common,
  priority: prioritySchema.default(100),
  status: statusSchema.default(1),
  per: common.per.default('namespace'),
  mode: common.mode.default('enforce'),
  on_store_failure: common.on_store_failure.default('share'),
  models: common.models.default(null),
};

const RULE_CONFIG_SCHEMAS = {
  connection_limit: connectionLimitConfigSchema,
  request_limit: requestLimitConfigSchema,
  token_limit: tokenLimitConfigSchema,
  field_check: fieldCheckConfigSchema,
} as const;

const variant = <Type extends RuleType, Shape extends z.core.$ZodShape>(type: Type, shape: Shape) =>
  ({
    ...shape,
    rule_type: z.literal(type),
    rule_config: RULE_CONFIG_SCHEMAS[type],
  }) as const;

export const ruleCreateSchema = z.discriminatedUnion('rule_type', [
  z.strictObject(variant('connection_limit', commonWithDefaults)),
  z.strictObject(variant('request_limit', commonWithDefaults)),
  z.strictObject(variant('token_limit', commonWithDefaults)),
  z.strictObject(variant('field_check', commonWithDefaults)),
]);

/** `rule_config` is replaced as a whole; it is validated against the rule's type after merging. */
export const ruleUpdateSchema = z
  .strictObject({
    ...common,
    rule_type: z.enum(RULE_TYPES),
    rule_config: z.record(z.string(), z.unknown()),
  })
  .partial();

/** Stored rules of every type, with further fields: what names them and when they were written. */
export const ruleUnionOf = <Shape extends z.core.$ZodShape>(further: Shape) =>
  z.discriminatedUnion('rule_type', [
    z.object(variant('connection_limit', { ...further, ...common })),
    z.object(variant('request_limit', { ...further, ...common })),
    z.object(variant('token_limit', { ...further, ...common })),
    z.object(variant('field_check', { ...further, ...common })),
  ]);

const identity = { rule_id: idSchema, namespace_id: idSchema };
export const ruleConfigSchema = ruleUnionOf(identity);
export const ruleSchema = ruleUnionOf({ ...identity, ...storedFields });

export type ConnectionLimitConfig = z.infer<typeof connectionLimitConfigSchema>;
export type RequestLimitConfig = z.infer<typeof requestLimitConfigSchema>;
export type TokenLimitConfig = z.infer<typeof tokenLimitConfigSchema>;
export type TokenSpan = z.infer<typeof tokenSpanSchema>;
export type FieldCheckConfig = z.infer<typeof fieldCheckConfigSchema>;
export type RuleCreate = z.infer<typeof ruleCreateSchema>;
export type RuleUpdate = z.infer<typeof ruleUpdateSchema>;
export type RuleConfig = z.infer<typeof ruleConfigSchema>;
export type Rule = z.infer<typeof ruleSchema>;
