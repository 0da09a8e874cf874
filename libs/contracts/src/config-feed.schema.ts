/**
 * What travels from the control plane to gateways: the head (where the configuration stands) and
 * feeds (what changed, or everything). A value is validated per resource by the receiver, so one
 * bad resource never hides the others.
 */
import { z } from 'zod';
import { apiKeyConfigSchema, type ApiKeyConfig } from './api-key.schema.js';
import { settingsConfigSchema, type SettingsConfig } from './gateway-settings.schema.js';
import { heldValueConfigSchema, type HeldValueConfig } from './held-value.schema.js';
import { matcherConfigSchema, type MatcherConfig } from './matcher.schema.js';
import { modelConfigSchema, type ModelConfig } from './model.schema.js';
import { namespaceConfigSchema, type NamespaceConfig } from './namespace.schema.js';
import { policyConfigSchema, type PolicyConfig } from './policy.schema.js';
import { countSchema, idSchema } from './primitives.js';
import { routeConfigSchema, type RouteConfig } from './route.schema.js';
import { ruleConfigSchema, type RuleConfig } from './rule.schema.js';
import { tokenRuleConfigSchema, type TokenRuleConfig } from './token-rule.schema.js';
import {
  targetConfigSchema,
  upstreamConfigSchema,
  type TargetConfig,
  type UpstreamConfig,
} from './upstream.schema.js';

export interface ConfigValues {
  namespace: NamespaceConfig;
  matcher: MatcherConfig;
  rule: RuleConfig;
  upstream: UpstreamConfig;
  target: TargetConfig;
  model: ModelConfig;
  route: RouteConfig;
  api_key: ApiKeyConfig;
  policy: PolicyConfig;
  settings: SettingsConfig;
  held_value: HeldValueConfig;
  token_rule: TokenRuleConfig;
}
export type ConfigKind = keyof ConfigValues;

export const CONFIG_VALUE_SCHEMAS: { [Kind in ConfigKind]: z.ZodType<ConfigValues[Kind]> } = {
  namespace: namespaceConfigSchema,
  matcher: matcherConfigSchema,
  rule: ruleConfigSchema,
  upstream: upstreamConfigSchema,
  target: targetConfigSchema,
  model: modelConfigSchema,
  route: routeConfigSchema,
  api_key: apiKeyConfigSchema,
  policy: policyConfigSchema,
  settings: settingsConfigSchema,
  held_value: heldValueConfigSchema,
  token_rule: tokenRuleConfigSchema,
};
export const CONFIG_KINDS = Object.keys(CONFIG_VALUE_SCHEMAS) as ConfigKind[];

/** `epoch` is random per database lifetime; revisions compare only within one epoch. */
export const configHeadSchema = z.object({
  epoch: z.string().min(8).max(64),
  revision: countSchema,
});
export type ConfigHead = z.infer<typeof configHeadSchema>;

/** `value` null means the resource was deleted. `kind` may be one this version does not know. */
export const configChangeSchema = z.object({
  kind: z.string().min(1).max(50),
  id: idSchema,
  revision: countSchema,
  value: z.unknown(),
});
export type ConfigChange = z.infer<typeof configChangeSchema>;

/** `delta` holds what changed since the asked revision, `full` every live resource. */
export const configFeedSchema = configHeadSchema.extend({
  type: z.enum(['delta', 'full']),
  changes: z.array(configChangeSchema),
});
export type ConfigFeed = z.infer<typeof configFeedSchema>;

/** A pub/sub message: a hint to look, never content. */
export const CONFIG_CHANGED_CHANNEL = 'config:changed';
