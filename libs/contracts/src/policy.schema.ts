/**
 * A policy is a bundle of rules that namespaces inherit. Each namespace counts for itself. An own
 * rule of the same name stands in the place of the inherited one, also while it is disabled.
 */
import { z } from 'zod';
import {
  descriptionSchema,
  idSchema,
  nameSchema,
  statusSchema,
  storedFields,
  updateOf,
} from './primitives.js';
import { RULE_TYPES, ruleCreateSchema, ruleUnionOf, type RuleType } from './rule.schema.js';

/** `mixed`, or the type all rules of the policy have. */
export const POLICY_TYPES = ['mixed', ...RULE_TYPES] as const;
export type PolicyType = (typeof POLICY_TYPES)[number];

const MAX_POLICY_RULES = 50;
const MAX_POLICIES_OF_NAMESPACE = 20;

/** Numbers are given by the server, kept while the rule keeps its name, and never given again. */
const policyRuleSchema = ruleUnionOf({ rule_no: idSchema });

const rulesSchema = z
  .array(ruleCreateSchema)
  .max(MAX_POLICY_RULES)
  .superRefine((rules, context) => {
    for (const index of repeated(rules.map(({ rule_name }) => rule_name))) {
      context.addIssue({ code: 'custom', path: [index, 'rule_name'], message: 'is there twice' });
    }
  });

const writable = {
  policy_name: nameSchema(100),
  description: descriptionSchema.nullable(),
  status: statusSchema,
  rules: rulesSchema.describe('replaces all rules; one that keeps its name keeps its number'),
};

export const policyCreateSchema = z.strictObject({
  ...writable,
  description: writable.description.default(null),
  status: statusSchema.default(1),
  rules: writable.rules.default([]),
});
export const policyUpdateSchema = updateOf(writable);

/** What the data plane gets. */
export const policyConfigSchema = z.object({
  policy_id: idSchema,
  policy_name: writable.policy_name,
  description: writable.description,
  policy_type: z.enum(POLICY_TYPES).describe('follows from the rules'),
  status: statusSchema,
  rules: z.array(policyRuleSchema).max(MAX_POLICY_RULES),
});
export const policySchema = policyConfigSchema.extend(storedFields);

/** Which policies a namespace inherits from. */
export const policyIdsSchema = z
  .array(idSchema)
  .max(MAX_POLICIES_OF_NAMESPACE)
  .superRefine((ids, context) => {
    for (const index of repeated(ids)) {
      context.addIssue({ code: 'custom', path: [index], message: 'is there twice' });
    }
  });

/** What an inherited rule is called in decisions, counters and records: `p<policy_id>-<rule_no>`. */
export const policyRuleId = (policyId: number, ruleNo: number): string => `p${policyId}-${ruleNo}`;
export const policyRuleIdSchema = z.string().regex(/^p[1-9]\d{0,15}-[1-9]\d{0,15}$/);

/** A rule as a namespace has it; in the order of enforcement. */
export const effectiveRuleSchema = ruleUnionOf({
  rule_id: z.union([idSchema, policyRuleIdSchema]).describe('of decisions and counters'),
  origin: z.enum(['own', 'policy']),
  policy_id: idSchema.nullable().describe('null for an own rule'),
  replaced_by: idSchema.nullable().describe('the own rule of the same name'),
  holds: z.boolean().describe('false: disabled, its policy disabled, or replaced'),
});
export const effectiveRulesSchema = z.object({
  namespace_id: idSchema,
  items: z.array(effectiveRuleSchema),
});

/** An empty policy is `mixed`. */
export function policyTypeOf(rules: readonly { rule_type: RuleType }[]): PolicyType {
  const [first, ...others] = new Set(rules.map(({ rule_type }) => rule_type));
  return first === undefined || others.length > 0 ? 'mixed' : first;
}

/** Indexes of what stood before already. */
function repeated(items: readonly unknown[]): number[] {
  return items.flatMap((item, index) => (items.indexOf(item) < index ? [index] : []));
}

export type PolicyCreate = z.infer<typeof policyCreateSchema>;
export type PolicyUpdate = z.infer<typeof policyUpdateSchema>;
export type PolicyRule = z.infer<typeof policyRuleSchema>;
export type EffectiveRule = z.infer<typeof effectiveRuleSchema>;
export type EffectiveRules = z.infer<typeof effectiveRulesSchema>;
export type PolicyConfig = z.infer<typeof policyConfigSchema>;
export type Policy = z.infer<typeof policySchema>;
