/**
 * How the tokens of a model are counted, as data: no code, no regular expression, bounded numbers.
 * A rule is edited as a draft, tested against samples, and published; what is published reaches
 * gateways and token services by the configuration feed. A published rule goes before what the
 * tokenizer knows by itself.
 */
import { z } from 'zod';
import {
  calculateInput,
  COUNT_METHODS,
  needsOneText,
  type CalculateRequest,
} from './token-count.schema.js';
import {
  codeSchema,
  countSchema,
  descriptionSchema,
  idSchema,
  nameSchema,
  prioritySchema,
  statusSchema,
  storedFields,
  timeSchema,
} from './primitives.js';

/** How messages become text: by a family's own template, or `plain`, by the rule's overheads. */
export const TOKEN_FAMILIES = ['openai-chat', 'chatml', 'anthropic', 'plain'] as const;
export type TokenFamily = (typeof TOKEN_FAMILIES)[number];

const MAX_OVERHEAD = 100_000;
const overhead = z.int().min(0).max(MAX_OVERHEAD);

const overheadsSchema = z
  .strictObject({
    per_message: overhead.describe('role, separators'),
    per_name: overhead.describe('for a message that carries a name'),
    per_request: overhead.describe('priming, default system prompt'),
    per_tool: overhead.describe('beside the text of its declaration'),
  })
  .describe('of the family plain; other families have their own');

const imagesSchema = z
  .discriminatedUnion('mode', [
    z.strictObject({ mode: z.literal('fixed'), tokens: overhead, low: overhead.optional() }),
    z.strictObject({
      mode: z.literal('tiles'),
      base: overhead,
      per_tile: overhead,
      max_tiles: z.int().min(1).max(1000).describe('the size is not known, so all are counted'),
    }),
  ])
  .describe('of the family plain; images are never fetched');

export const MODEL_PATTERN = /^[\p{Ll}\p{Lo}\p{N}][\p{Ll}\p{Lo}\p{N}._:@+-]*\*?$/u;

const definition = {
  rule_name: nameSchema(100),
  description: descriptionSchema.nullable(),
  model_pattern: z
    .string()
    .min(1)
    .max(200)
    .regex(MODEL_PATTERN, 'a name in lower case without publisher, at its end perhaps *')
    .describe('a name, or a beginning with a trailing *'),
  encoding: codeSchema.nullable().describe('a vocabulary; null: the default one, as an estimate'),
  family: z.enum(TOKEN_FAMILIES),
  overheads: overheadsSchema,
  factor: z.number().min(0.1).max(10).describe('tokens of the encoding times this; 1 for exact'),
  images: imagesSchema,
  method: z.enum(COUNT_METHODS),
  priority: prioritySchema.describe('decides between rules that fit; then the longer pattern'),
  status: statusSchema,
};

const NO_OVERHEADS = { per_message: 0, per_name: 0, per_request: 0, per_tool: 0 };

/** All of a rule; left out fields have their defaults. */
export const tokenRuleCreateSchema = z
  .strictObject({
    ...definition,
    description: definition.description.default(null),
    overheads: definition.overheads.default(NO_OVERHEADS),
    factor: definition.factor.default(1),
    images: definition.images.default({ mode: 'fixed', tokens: 1600 }),
    priority: prioritySchema.default(0),
    status: statusSchema.default(1),
  })
  .superRefine(exactHasNoFactor);

/** Edits the draft; absent fields keep the value they have in the draft, or else as published. */
export const tokenRuleUpdateSchema = z.strictObject(definition).partial();

export const tokenRuleDefinitionSchema = z.object(definition).superRefine(exactHasNoFactor);

function exactHasNoFactor(
  rule: { method: string; factor: number; encoding: string | null },
  context: z.RefinementCtx,
): void {
  if (rule.method !== 'exact') return;
  if (rule.factor !== 1) {
    context.addIssue({ code: 'custom', path: ['factor'], message: 'must be 1 for exact counts' });
  }
  if (rule.encoding === null) {
    context.addIssue({ code: 'custom', path: ['encoding'], message: 'is needed for exact counts' });
  }
}

/** What gateways and token services get. */
export const tokenRuleConfigSchema = z.object({
  token_rule_id: idSchema,
  ...definition,
  rule_version: z.int().min(1).describe('of the published definition'),
});

export const TOKEN_RULE_STATES = ['draft', 'published', 'changed'] as const;

export const tokenRuleSchema = z.object({
  token_rule_id: idSchema,
  rule_name: definition.rule_name,
  model_pattern: z.string(),
  state: z
    .enum(TOKEN_RULE_STATES)
    .describe('draft: never published; changed: published, with a draft beside it'),
  rule_version: z.int().min(1).nullable().describe('the published one'),
  published: z.object(definition).nullable(),
  draft: z.object(definition).nullable(),
  ...storedFields,
});

export const tokenRuleVersionSchema = z.object({
  token_rule_id: idSchema,
  rule_version: z.int().min(1),
  definition: z.object(definition),
  revision: countSchema.describe('that published it first'),
  actor_name: z.string(),
  create_time: timeSchema,
});
export const tokenRuleVersionsSchema = z.object({ items: z.array(tokenRuleVersionSchema) });

export const tokenRuleRollbackSchema = z.strictObject({
  rule_version: z.int().min(1).max(1_000_000),
});

const { messages, prompt, input, tools } = calculateInput;
/** What is counted, and the count a provider reported for it. */
const sampleSchema = z
  .strictObject({
    sample_name: nameSchema(100).optional(),
    messages,
    prompt,
    input,
    tools,
    expected: countSchema,
    tolerance: countSchema.default(0).describe('how far off the count may be'),
  })
  .superRefine(needsOneText);

export const tokenRuleTestSchema = z.strictObject({
  samples: z.array(sampleSchema).min(1).max(100),
  rule_version: z.int().min(1).optional().describe('default: the draft, or else the published'),
});

export const tokenRuleTestResultSchema = z.object({
  passed: z.boolean().describe('every sample did'),
  results: z.array(
    z.object({
      sample_name: z.string().nullable(),
      expected: countSchema,
      got: countSchema,
      difference: z.int().describe('got minus expected'),
      method: z.enum(COUNT_METHODS),
      passed: z.boolean(),
    }),
  ),
});

export type TokenRuleCreate = z.infer<typeof tokenRuleCreateSchema>;
export type TokenRuleUpdate = z.infer<typeof tokenRuleUpdateSchema>;
export type TokenRuleDefinition = z.infer<typeof tokenRuleDefinitionSchema>;
export type TokenRuleConfig = z.infer<typeof tokenRuleConfigSchema>;
export type TokenRule = z.infer<typeof tokenRuleSchema>;
export type TokenRuleVersion = z.infer<typeof tokenRuleVersionSchema>;
export type TokenRuleVersions = z.infer<typeof tokenRuleVersionsSchema>;
export type TokenRuleRollback = z.infer<typeof tokenRuleRollbackSchema>;
export type TokenRuleSample = z.infer<typeof sampleSchema>;
export type TokenRuleTest = z.infer<typeof tokenRuleTestSchema>;
export type TokenRuleTestResult = z.infer<typeof tokenRuleTestResultSchema>;

/** What a sample asks of the tokenizer, under a name the rule fits. */
export function requestOfSample(model: string, sample: TokenRuleSample): CalculateRequest {
  const { messages, prompt, input, tools } = sample;
  return { model, messages, prompt, input, tools };
}
