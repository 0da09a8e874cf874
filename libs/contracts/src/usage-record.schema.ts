/** The one terminal record of a client request. */
import { z } from 'zod';
import { countSchema, idSchema, timeSchema } from './primitives.js';
import { COUNT_METHODS } from './token-count.schema.js';

export const END_STATES = [
  'refused',
  'never_sent',
  'sent_no_byte',
  'client_gone',
  'upstream_error',
  'cut_by_policy',
  'complete_reported',
  'complete_estimated',
] as const;
export type EndState = (typeof END_STATES)[number];

export const TOKEN_SOURCES = ['reported', 'estimated', 'none'] as const;
export type TokenSource = (typeof TOKEN_SOURCES)[number];

export const usageRecordSchema = z.object({
  request_id: z.string().min(1).max(128),
  instance: z.string(),
  revision: countSchema,
  started_at: timeSchema,
  duration_ms: z.number().min(0),
  first_byte_ms: z.number().min(0).nullable(),
  namespace_id: idSchema.nullable(),
  api_key_id: idSchema.nullable(),
  route_id: idSchema.nullable(),
  surface: z.string().nullable().describe('chat_completions, messages …; null for plain services'),
  model: z.string().nullable(),
  upstream_id: idSchema.nullable(),
  target_id: idSchema.nullable(),
  streamed: z.boolean(),
  status_code: z.int(),
  error_code: z.string().nullable(),
  end_state: z.enum(END_STATES),
  input_tokens: countSchema,
  output_tokens: countSchema,
  cached_input_tokens: countSchema,
  reasoning_tokens: countSchema,
  token_source: z.enum(TOKEN_SOURCES),
  count_method: z.enum(COUNT_METHODS).nullable().describe('of the input; null: it was not counted'),
});
export type UsageRecord = z.infer<typeof usageRecordSchema>;
