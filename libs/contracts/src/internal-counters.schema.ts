/**
 * `GET|POST /internal/counters/{rule_id}?namespace=&scope=` of a gateway's management listener: how the
 * control plane reads and adjusts counters where there is no Redis. Service credential required.
 */
import { z } from 'zod';
import { MAX_SAFE_COUNT, countSchema } from './primitives.js';

const measures = ['requests', 'input_tokens', 'output_tokens', 'total_tokens'] as const;

export const internalCountersSchema = z.object({
  counters: z.array(
    z.object({
      measure: z.enum([...measures, 'connections']),
      span_ms: countSchema.describe('0 for connections'),
      limit: countSchema,
      used: countSchema,
      reset_ms: z.number().min(0),
    }),
  ),
});
export type InternalCounters = z.infer<typeof internalCountersSchema>;

export const internalCounterAddSchema = z.strictObject({
  span_ms: countSchema,
  measure: z.enum(measures),
  amount: z.int().min(-MAX_SAFE_COUNT).max(MAX_SAFE_COUNT),
});
export type InternalCounterAdd = z.infer<typeof internalCounterAddSchema>;

export const internalCounterAddedSchema = z.object({ value: countSchema });
export type InternalCounterAdded = z.infer<typeof internalCounterAddedSchema>;
