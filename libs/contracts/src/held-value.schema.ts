/**
 * While a change is rolled out to some instance groups first, all other instances keep what they
 * had: a held value names the resource, the groups that already run the new value, and what the
 * rest runs instead. Promotion deletes the held values, abandoning restores from them.
 */
import { z } from 'zod';
import { idSchema } from './primitives.js';

/** A label gateways carry; `instance:<id>` names one instance. */
export const instanceGroupSchema = z
  .string()
  .max(110)
  .regex(/^(instance:)?[A-Za-z0-9][A-Za-z0-9._-]*$/, 'letters, digits, dot, underscore and dash');

export const heldValueConfigSchema = z.object({
  held_value_id: idSchema,
  rollout_id: idSchema,
  groups: z
    .array(instanceGroupSchema)
    .min(1)
    .max(20)
    .describe('an instance in any of these runs the new value'),
  kind: z.string().min(1).max(50).describe('kind of the resource'),
  resource_id: idSchema,
  value: z
    .record(z.string(), z.unknown())
    .nullable()
    .describe('what the others run; null: the resource does not exist for them'),
});
export type HeldValueConfig = z.infer<typeof heldValueConfigSchema>;
