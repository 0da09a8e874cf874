/** A model is a name clients ask for, and the upstream that answers it. */
import { z } from 'zod';
import { descriptionSchema, idSchema, statusSchema, storedFields, updateOf } from './primitives.js';

export const modelNameSchema = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/, 'letters, digits and . _ : / @ - only');

const writable = {
  model_name: modelNameSchema,
  aliases: z.array(modelNameSchema).max(50),
  upstream_id: idSchema,
  description: descriptionSchema.nullable(),
  status: statusSchema,
};
export const modelCreateSchema = z.strictObject({
  ...writable,
  aliases: writable.aliases.default([]),
  description: writable.description.default(null),
  status: statusSchema.default(1),
});
export const modelUpdateSchema = updateOf(writable);
export const modelConfigSchema = z.object({ model_id: idSchema, ...writable });
export const modelSchema = modelConfigSchema.extend(storedFields);

export type ModelCreate = z.infer<typeof modelCreateSchema>;
export type ModelUpdate = z.infer<typeof modelUpdateSchema>;
export type ModelConfig = z.infer<typeof modelConfigSchema>;
export type Model = z.infer<typeof modelSchema>;
