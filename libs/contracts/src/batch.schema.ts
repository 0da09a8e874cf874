/**
 * Several writes as one: all or nothing, one revision. An operation is what would be sent to the
 * admin API by itself. As a path segment (then an id) or as a whole body value, `$<n>.<field>` stands
 * for a field of the result of operation n, counted from 0, so that a batch can use ids it has just
 * made.
 */
import { z } from 'zod';

export const MAX_BATCH_OPERATIONS = 500;

/** Deeper than any resource; what walks bodies recursively can rely on it. */
const MAX_BODY_DEPTH = 32;

export const batchOperationSchema = z.strictObject({
  method: z.enum(['POST', 'PUT', 'DELETE']),
  path: z
    .string()
    .max(2000)
    .regex(/^\/(api\/v1|admin)\/[\x21-\x7e]+$/, 'a path of the admin API'),
  body: z
    .unknown()
    .refine(
      (body) => isStorable(body, MAX_BODY_DEPTH),
      `must be well-formed text and nested at most ${MAX_BODY_DEPTH} deep`,
    )
    .optional(),
  if_match: z
    .string()
    .max(200)
    .refine((text) => text.isWellFormed(), 'must be well-formed text')
    .optional()
    .describe('default *'),
});

export const batchRequestSchema = z.strictObject({
  operations: z.array(batchOperationSchema).min(1).max(MAX_BATCH_OPERATIONS),
  dry_run: z.boolean().default(false).describe('check everything, write nothing'),
});

export const batchResultSchema = z.object({
  /** Null after a dry run. */
  revision: z.int().nullable(),
  results: z.array(z.object({ status: z.int(), body: z.unknown() })),
});

export type BatchOperation = z.infer<typeof batchOperationSchema>;
export type BatchRequest = z.infer<typeof batchRequestSchema>;
export type BatchResult = z.infer<typeof batchResultSchema>;

/** Databases keep no half of a surrogate pair. */
const isStorable = (value: unknown, depth: number): boolean => {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  return (
    depth > 0 &&
    Object.entries(value).every(
      ([name, inner]) => name.isWellFormed() && isStorable(inner, depth - 1),
    )
  );
};
