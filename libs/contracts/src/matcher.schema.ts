/** A matcher recognises the requests of a namespace by a header or a JSON field of the body. */
import { z } from 'zod';
import { matchOperatorSchema } from './operators.js';
import {
  idSchema,
  nameSchema,
  prioritySchema,
  statusSchema,
  storedFields,
  textSchema,
  updateOf,
} from './primitives.js';

export const MATCHER_TYPES = ['header', 'body', 'header_and_body'] as const;
export const CONDITION_PLACES = ['header', 'body', 'query', 'path', 'method'] as const;

/** Longest text a matcher or field check compares; a longer one does not match. */
export const MAX_MATCHED_TEXT_BYTES = 65_536;

/** A header name, or a dotted path into the JSON body (`metadata.channel`, `messages.0.role`). */
export const matchFieldSchema = nameSchema(100);

/** For `in`: a JSON array of strings, or values separated by commas. */
export const matchValueSchema = textSchema(16_384);

export const matcherConditionSchema = z.strictObject({
  in: z.enum(CONDITION_PLACES),
  field: matchFieldSchema.optional().describe('not used for path and method'),
  operator: matchOperatorSchema,
  value: matchValueSchema,
});

const writable = {
  matcher_name: nameSchema(100),
  matcher_type: z.enum(MATCHER_TYPES),
  match_field: matchFieldSchema,
  match_operator: matchOperatorSchema,
  match_value: matchValueSchema,
  conditions: z
    .array(matcherConditionSchema)
    .max(16)
    .describe('all must hold besides the match itself'),
  priority: prioritySchema,
  status: statusSchema,
};

export const matcherCreateSchema = z.strictObject({
  ...writable,
  conditions: writable.conditions.default([]),
  priority: prioritySchema.default(100),
  status: statusSchema.default(1),
});
export const matcherUpdateSchema = updateOf(writable);
export const matcherConfigSchema = z.object({
  matcher_id: idSchema,
  namespace_id: idSchema,
  ...writable,
});
export const matcherSchema = matcherConfigSchema.extend(storedFields);

export type MatcherCondition = z.infer<typeof matcherConditionSchema>;
export type MatcherCreate = z.infer<typeof matcherCreateSchema>;
export type MatcherUpdate = z.infer<typeof matcherUpdateSchema>;
export type MatcherConfig = z.infer<typeof matcherConfigSchema>;
export type Matcher = z.infer<typeof matcherSchema>;
