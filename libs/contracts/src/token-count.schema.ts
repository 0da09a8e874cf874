/** The token service's API; the gateway and the service answer from the same library. */
import { z } from 'zod';
import { countSchema } from './primitives.js';

/** Content of a message: text, or the parts OpenAI and Anthropic know. Extra fields are ignored. */
const contentPartSchema = z.looseObject({
  type: z.string().max(100),
  text: z.string().optional(),
});
export const countMessageSchema = z.looseObject({
  role: z.string().min(1).max(100),
  content: z.union([z.string(), z.array(contentPartSchema).max(10_000), z.null()]).optional(),
  name: z.string().max(1000).optional(),
});
export type CountMessage = z.infer<typeof countMessageSchema>;

const model = z.string().min(1).max(200);
const toolsSchema = z.array(z.record(z.string(), z.unknown())).max(1000);
const textOrTexts = z.union([z.string(), z.array(z.string()).max(10_000)]);

/** What may be counted; exactly one of the first three must be there. */
export const calculateInput = {
  messages: z.array(countMessageSchema).min(1).max(10_000).optional(),
  prompt: textOrTexts.optional(),
  input: textOrTexts.optional(),
  tools: toolsSchema.optional(),
};

const ONE_OF = ['messages', 'prompt', 'input'] as const;

export function needsOneText(
  body: { [Name in (typeof ONE_OF)[number]]?: unknown },
  context: z.RefinementCtx,
): void {
  const given = ONE_OF.filter((name) => body[name] !== undefined);
  const message = 'needs exactly one of messages, prompt, input';
  if (given.length > 1) context.addIssue({ code: 'custom', message });
  // A missing field, which is another kind of wrong than a contradiction.
  if (given.length > 0) return;
  context.addIssue({ code: 'invalid_type', expected: 'array', path: ['messages'], message });
}

export const calculateRequestSchema = z
  .strictObject({ model, ...calculateInput })
  .superRefine(needsOneText);
export type CalculateRequest = z.infer<typeof calculateRequestSchema>;

export const COUNT_METHODS = ['exact', 'estimate'] as const;
export type CountMethod = (typeof COUNT_METHODS)[number];

export const calculateResponseSchema = z.object({
  model,
  encoding: z.string(),
  method: z.enum(COUNT_METHODS),
  tokens: z.object({
    input: countSchema.describe('what the model is given: texts, message and tool overhead'),
    per_message: z.array(countSchema).optional().describe('in order; only for messages'),
    tools: countSchema.optional(),
  }),
});
export type CalculateResponse = z.infer<typeof calculateResponseSchema>;
