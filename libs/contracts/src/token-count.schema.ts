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
  body: Partial<Record<(typeof ONE_OF)[number], unknown>>,
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

export const MAX_COUNT_BATCH = 1000;

/** One request, or `requests` with many; a batch is answered whole or not at all. */
export const calculateBodySchema = z
  .strictObject({
    model: model.optional(),
    ...calculateInput,
    requests: z
      .array(calculateRequestSchema)
      .min(1)
      .optional()
      .describe(`instead of the other fields: up to ${MAX_COUNT_BATCH} requests`),
  })
  .superRefine((body, context) => {
    const { requests, ...single } = body;
    if (requests === undefined) {
      needsOneText(single, context);
      if (single.model !== undefined) return;
      const message = 'is required';
      context.addIssue({ code: 'invalid_type', expected: 'string', path: ['model'], message });
      return;
    }
    if (Object.keys(single).length === 0) return;
    context.addIssue({ code: 'custom', path: ['requests'], message: 'stands alone' });
  });
export type CalculateBody = z.infer<typeof calculateBodySchema>;

export const calculateAnswerSchema = z.union([
  calculateResponseSchema,
  z.object({ results: z.array(calculateResponseSchema).describe('in the order of the requests') }),
]);
export type CalculateAnswer = z.infer<typeof calculateAnswerSchema>;

/** Source: Anthropic API reference, "Count tokens in a Message". What costs no tokens is ignored. */
export const countTokensRequestSchema = z.looseObject({
  model,
  messages: z.array(countMessageSchema).min(1).max(10_000),
  system: countMessageSchema.shape.content,
  tools: toolsSchema.optional(),
});
export type CountTokensRequest = z.infer<typeof countTokensRequestSchema>;

export const countTokensResponseSchema = z.object({ input_tokens: countSchema });
export type CountTokensResponse = z.infer<typeof countTokensResponseSchema>;

export const knownModelSchema = z.object({
  model_pattern: z.string().describe('a name, or a beginning with a trailing *'),
  encoding: z.string(),
  family: z.string(),
  method: z.enum(COUNT_METHODS),
  factor: z.number(),
  source: z.enum(['rule', 'built_in']),
  token_rule_id: z.int().nullable(),
  rule_version: z.int().nullable(),
});
export const knownModelsSchema = z.object({
  strict: z.boolean().describe('unknown models are answered with 404'),
  unknown: z
    .object({ encoding: z.string(), method: z.enum(COUNT_METHODS), factor: z.number() })
    .describe('how a model is counted that no pattern fits'),
  rules_revision: countSchema
    .nullable()
    .describe('of the configuration; null: built-in rules only'),
  items: z.array(knownModelSchema).describe('rules first, in the order in which they are asked'),
});
export type KnownModel = z.infer<typeof knownModelSchema>;
export type KnownModels = z.infer<typeof knownModelsSchema>;
