/** The counters API. */
import { countSchema, idSchema, policyRuleIdSchema } from '@ai-gateway/contracts';
import { z } from 'zod';

const MAX_INCREMENT = 1_000_000_000;

/** Only upwards: a decrement would hand out budget. */
export const incrementSchema = z
  .strictObject({ amount: z.int().min(1).max(MAX_INCREMENT).default(1) })
  .prefault({});
export type Increment = z.output<typeof incrementSchema>;

export const counterSchema = z.object({
  counter_key: z.string(),
  rule_id: z.union([idSchema, policyRuleIdSchema]),
  namespace_id: idSchema,
  scope: z.string(),
  counter_value: z.number().describe('of the first window'),
  windows: z.array(
    z.object({
      measure: z.string(),
      window_seconds: z.number().describe('0 for connections'),
      limit: countSchema,
      used: z.number(),
      remaining: z.number(),
      reset_seconds: z.number(),
    }),
  ),
});
export type Counter = z.infer<typeof counterSchema>;
