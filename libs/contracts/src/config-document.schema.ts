/**
 * The whole configuration as one document of names and codes, without ids, versions and times, so
 * that people can write it and version control can compare it. What it says of a resource is all of
 * it: a field that is left out has its default. API keys and users are not part of it.
 */
import { z } from 'zod';
import {
  CLUSTER_NAME,
  SETTINGS_LEVELS,
  gatewayLabelSchema,
  gatewaySettingsSchema,
} from './gateway-settings.schema.js';
import { matcherCreateSchema } from './matcher.schema.js';
import { modelCreateSchema } from './model.schema.js';
import { namespaceCreateSchema } from './namespace.schema.js';
import { policyCreateSchema } from './policy.schema.js';
import { codeSchema, countSchema, nameSchema } from './primitives.js';
import { routeCreateSchema } from './route.schema.js';
import { ruleCreateSchema } from './rule.schema.js';
import { sealedSecretSchema } from './sealed-secret.schema.js';
import { tokenRuleCreateSchema } from './token-rule.schema.js';
import { targetCreateSchema, targetUpdateSchema, upstreamCreateSchema } from './upstream.schema.js';

export const CONFIG_DOCUMENT_FORMAT = 'ai-gateway/config/v1';

const plainCredentialSchema = targetUpdateSchema.shape.credential.unwrap();
const credentialSchema = z
  .union([plainCredentialSchema, z.strictObject({ sealed: sealedSecretSchema.strict() })])
  .optional()
  .describe('left out: as it is; null: none; sealed: by an export, for this upstream and url');

const targetNodeSchema = targetCreateSchema
  .omit({ credential: true })
  .extend({ credential: credentialSchema });

const upstreamNodeSchema = upstreamCreateSchema
  .omit({ targets: true })
  .extend({ targets: z.array(targetNodeSchema).max(100).default([]) });

const namespaceNodeSchema = namespaceCreateSchema.omit({ policy_ids: true }).extend({
  policies: z
    .array(nameSchema(100))
    .max(20)
    .refine((names) => new Set(names).size === names.length, 'a name is there twice')
    .default([])
    .describe('policy_name of what it inherits from'),
  matchers: z.array(matcherCreateSchema).default([]),
  rules: z.array(ruleCreateSchema).default([]),
});

const settingsNodeSchema = z
  .strictObject({
    level: z.enum(SETTINGS_LEVELS),
    level_name: gatewayLabelSchema.default(CLUSTER_NAME),
    values: gatewaySettingsSchema.strict(),
  })
  .refine(({ level, level_name }) => level !== 'cluster' || level_name === CLUSTER_NAME, {
    message: `must be ${CLUSTER_NAME}`,
    path: ['level_name'],
  });

const upstreamReference = { upstream: codeSchema.describe('upstream_code') };

export const configDocumentSchema = z.strictObject({
  format: z.literal(CONFIG_DOCUMENT_FORMAT),
  settings: z.array(settingsNodeSchema).default([]),
  policies: z.array(policyCreateSchema).default([]),
  token_rules: z
    .array(tokenRuleCreateSchema)
    .default([])
    .describe('as published; drafts are not part of it'),
  upstreams: z.array(upstreamNodeSchema).default([]),
  namespaces: z.array(namespaceNodeSchema).default([]),
  models: z
    .array(modelCreateSchema.omit({ upstream_id: true }).extend(upstreamReference))
    .default([]),
  routes: z
    .array(routeCreateSchema.omit({ upstream_id: true }).extend(upstreamReference))
    .default([]),
});
export type ConfigDocument = z.infer<typeof configDocumentSchema>;

export const IMPORT_MODES = ['merge', 'replace'] as const;
export type ImportMode = (typeof IMPORT_MODES)[number];

export const importLineSchema = z.object({
  line: z.int().nullable().describe('of the text that was sent; null: stands in none'),
  path: z.string().describe('within the document, for example namespaces.0.rules.1'),
  action: z.enum(['create', 'update', 'delete', 'refuse']),
  resource: z.string().describe('kind and name'),
  error: z.string().optional(),
});
export type ImportLine = z.infer<typeof importLineSchema>;

export const importReportSchema = z.object({
  applied: z.boolean(),
  revision: countSchema.nullable().describe('null: nothing was written'),
  summary: z.object({
    create: countSchema,
    update: countSchema,
    delete: countSchema,
    unchanged: countSchema,
  }),
  lines: z.array(importLineSchema),
});
export type ImportReport = z.infer<typeof importReportSchema>;
