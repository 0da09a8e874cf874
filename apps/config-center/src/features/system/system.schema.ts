/** What the documented system endpoints answer. */
import { configHeadSchema, countSchema } from '@ai-gateway/contracts';
import { z } from 'zod';

const storeStateSchema = z.enum(['healthy', 'unhealthy', 'not_configured']);
export type StoreState = z.infer<typeof storeStateSchema>;

export const healthSchema = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  storage: z
    .object({ redis: storeStateSchema, mysql: storeStateSchema })
    .optional()
    .describe('only with a credential'),
  database: z.enum(['sqlite', 'mysql']).optional().describe('only with a credential'),
});
export type Health = z.infer<typeof healthSchema>;

export const statsSchema = configHeadSchema.extend({
  database: z.object({
    kind: z.enum(['sqlite', 'mysql']),
    resources: countSchema,
    sizes: z.record(z.string(), countSchema).describe('live resources by kind'),
  }),
  redis: z
    .object({
      epoch: z.string().nullable(),
      revision: countSchema.nullable(),
      resources: countSchema,
      keys: countSchema,
      used_memory_bytes: countSchema,
      hit_rate: z.number().nullable(),
    })
    .nullable()
    .describe('null: not configured or away'),
  redis_agrees: z.boolean().nullable().describe('null: not configured'),
  cache_hit_rate: z.number().nullable(),
});
export type Stats = z.infer<typeof statsSchema>;

export const syncResultSchema = configHeadSchema.extend({
  status: z.literal('ok'),
  redis: storeStateSchema,
});
export type SyncResult = z.infer<typeof syncResultSchema>;
