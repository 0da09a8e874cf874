/** How far counts are from what providers reported: told by gateways, summed up by the service. */
import { z } from 'zod';
import { COUNT_METHODS } from './token-count.schema.js';
import { countSchema } from './primitives.js';

export const MAX_DRIFT_SAMPLES = 1000;

export const driftSampleSchema = z.strictObject({
  model: z.string().min(1).max(200),
  method: z.enum(COUNT_METHODS),
  counted: countSchema.min(1),
  reported: countSchema.min(1).describe('input tokens, by the upstream'),
});
export type DriftSample = z.infer<typeof driftSampleSchema>;

export const driftReportSchema = z.strictObject({
  samples: z.array(driftSampleSchema).min(1).max(MAX_DRIFT_SAMPLES),
});
export type DriftReport = z.infer<typeof driftReportSchema>;

export const driftAcceptedSchema = z.object({ accepted: countSchema });
export type DriftAccepted = z.infer<typeof driftAcceptedSchema>;

export const modelDriftSchema = z.object({
  model: z.string(),
  encoding: z.string(),
  method: z.enum(COUNT_METHODS),
  samples: countSchema.describe('the newest, at most 1000'),
  mean_error: z.number().describe('of (counted - reported) / reported; negative: counts are low'),
  p95_error: z.number().describe('of its size, without sign'),
  factor: z.number().describe('of the rule that counts the model now'),
  proposed_factor: z
    .number()
    .nullable()
    .describe(
      'for an estimate: 95 of 100 counts would not be low; null: exact, or too few samples',
    ),
});
export type ModelDrift = z.infer<typeof modelDriftSchema>;

export const driftSchema = z.object({ items: z.array(modelDriftSchema) });
export type Drift = z.infer<typeof driftSchema>;
