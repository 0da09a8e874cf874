/** `?cascade=true` of a DELETE. Other parameters of the conventions (`wait`, `timeout`) pass. */
import { z } from 'zod';

export const cascadeQuerySchema = z.object({
  cascade: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true'),
});
export type CascadeQuery = z.output<typeof cascadeQuerySchema>;
