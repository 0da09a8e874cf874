/**
 * An API key identifies a caller of the data plane. The secret is shown once; what is stored and
 * published is its HMAC-SHA-256 under a server pepper, so a lookup is one Map access by digest.
 */
import { z } from 'zod';
import {
  idSchema,
  nameSchema,
  statusSchema,
  storedFields,
  timeSchema,
  updateOf,
} from './primitives.js';

export const API_KEY_PREFIX = 'agw_';

const writable = {
  key_name: nameSchema(100),
  namespace_id: idSchema.nullable().describe('the only namespace the key may act in; null: any'),
  expires_at: timeSchema.nullable(),
  status: statusSchema,
};
export const apiKeyCreateSchema = z.strictObject({
  ...writable,
  namespace_id: writable.namespace_id.default(null),
  expires_at: writable.expires_at.default(null),
  status: statusSchema.default(1),
});
export const apiKeyUpdateSchema = updateOf(writable);
export const apiKeyConfigSchema = z.object({
  key_id: idSchema,
  ...writable,
  digest: z.string().length(64).describe('hex HMAC-SHA-256 of the key'),
});
export const apiKeySchema = z.object({
  key_id: idSchema,
  ...writable,
  hint: z.string().describe('prefix … last four characters'),
  ...storedFields,
});
export const apiKeyCreatedSchema = apiKeySchema.extend({
  key: z.string().describe('the secret, shown in this answer only'),
});

export type ApiKeyCreate = z.infer<typeof apiKeyCreateSchema>;
export type ApiKeyUpdate = z.infer<typeof apiKeyUpdateSchema>;
export type ApiKeyConfig = z.infer<typeof apiKeyConfigSchema>;
export type ApiKey = z.infer<typeof apiKeySchema>;
export type ApiKeyCreated = z.infer<typeof apiKeyCreatedSchema>;
