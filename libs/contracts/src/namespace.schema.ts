/** A namespace is a tenant (channel, 渠道): the owner of matchers, rules and usage. */
import { z } from 'zod';
import { policyIdsSchema } from './policy.schema.js';
import {
  codeSchema,
  descriptionSchema,
  idSchema,
  labelsSchema,
  nameSchema,
  statusSchema,
  storedFields,
  updateOf,
} from './primitives.js';

const writable = {
  namespace_code: codeSchema,
  namespace_name: nameSchema(100),
  description: descriptionSchema.nullable(),
  status: statusSchema,
  is_default: z
    .boolean()
    .describe('takes requests no matcher recognises; true takes it from the one that had it'),
  labels: labelsSchema,
  policy_ids: policyIdsSchema.describe('policies whose rules it inherits'),
};

export const namespaceCreateSchema = z.strictObject({
  ...writable,
  description: writable.description.default(null),
  status: statusSchema.default(1),
  is_default: writable.is_default.default(false),
  labels: labelsSchema.default({}),
  policy_ids: writable.policy_ids.default([]),
});
export const namespaceUpdateSchema = updateOf(writable);

/** What the data plane gets. What was written before there were policies has none. */
export const namespaceConfigSchema = z.object({
  namespace_id: idSchema,
  ...writable,
  policy_ids: writable.policy_ids.default([]),
});
export const namespaceSchema = namespaceConfigSchema.extend(storedFields);

export type NamespaceCreate = z.infer<typeof namespaceCreateSchema>;
export type NamespaceUpdate = z.infer<typeof namespaceUpdateSchema>;
export type NamespaceConfig = z.infer<typeof namespaceConfigSchema>;
export type Namespace = z.infer<typeof namespaceSchema>;
