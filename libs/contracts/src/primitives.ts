/** Building blocks shared by every schema: ids, names, status, bounded numbers. */
import { z } from 'zod';

/** Largest value a counter, limit or id may have: exact in IEEE doubles, SQLite and MySQL alike. */
export const MAX_SAFE_COUNT = Number.MAX_SAFE_INTEGER;

export const idSchema = z.int().min(1).max(MAX_SAFE_COUNT);
export const countSchema = z.int().min(0).max(MAX_SAFE_COUNT);

/** Larger number wins. */
export const prioritySchema = z.int().min(0).max(1_000_000);

/** 1 enabled, 0 disabled. */
export const statusSchema = z.union([z.literal(0), z.literal(1)]);

/** Printable text without control characters, so that a name is inert in a log line or a header. */
export const nameSchema = (maxLength: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maxLength)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters or halves of characters');

/** Free text. A lone surrogate (half a character) is what not every store can keep. */
export const textSchema = (maxLength: number) =>
  z
    .string()
    .max(maxLength)
    .refine((text) => text.isWellFormed(), 'must not contain halves of characters');

/** A code is what stands in Redis keys, metrics labels and URLs. */
export const codeSchema = z
  .string()
  .min(1)
  .max(50)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'letters, digits, dot, underscore and dash only');

export const descriptionSchema = textSchema(4000);

export const labelsSchema = z
  .record(textSchema(63).min(1), textSchema(255))
  .refine((labels) => Object.keys(labels).length <= 32, 'at most 32 labels');

/** ISO 8601 UTC with milliseconds. */
export const timeSchema = z.iso.datetime({ precision: 3 });

/** What the control plane adds to every stored resource. */
export const storedFields = {
  version: z.int().min(1).describe('changes with every write; sent as ETag'),
  create_time: timeSchema,
  update_time: timeSchema,
};

/**
 * The body of a PUT: every field optional, an absent one keeps its value.
 * Defaults of the create schema must not apply, so build it from the raw shape.
 */
export const updateOf = <Shape extends z.core.$ZodShape>(shape: Shape) =>
  z.strictObject(shape).partial();
