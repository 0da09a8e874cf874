/** Valid configuration values; a test overrides only what it is about. */
import type {
  ApiKeyConfig,
  HeldValueConfig,
  MatcherConfig,
  ModelConfig,
  NamespaceConfig,
  PolicyConfig,
  PolicyRule,
  RouteConfig,
  RuleConfig,
  SettingsConfig,
  TargetConfig,
  TokenRuleConfig,
  UpstreamConfig,
} from '@ai-gateway/contracts';

const ENABLED = 1;

export const aNamespace = (overrides: Partial<NamespaceConfig> = {}): NamespaceConfig => ({
  namespace_id: 1,
  namespace_code: 'wechat',
  namespace_name: 'WeChat',
  description: null,
  status: ENABLED,
  is_default: false,
  labels: {},
  policy_ids: [],
  ...overrides,
});

/** Header `channelcode` equals `wechat`. */
export const aMatcher = (overrides: Partial<MatcherConfig> = {}): MatcherConfig => ({
  matcher_id: 1,
  namespace_id: 1,
  matcher_name: 'by channel code',
  matcher_type: 'header',
  match_field: 'channelcode',
  match_operator: 'equals',
  match_value: 'wechat',
  conditions: [],
  priority: 100,
  status: ENABLED,
  ...overrides,
});

type WithoutConfig<Variant> = Variant extends RuleConfig
  ? Omit<Variant, 'rule_type' | 'rule_config'>
  : never;
type WithConfig<Variant> = Variant extends RuleConfig
  ? Pick<Variant, 'rule_type' | 'rule_config'> & Partial<WithoutConfig<Variant>>
  : never;
/** Name both `rule_type` and `rule_config`, or neither. */
export type RuleOverrides = WithConfig<RuleConfig> | Partial<WithoutConfig<RuleConfig>>;

/** 100 requests a minute unless told otherwise. */
export function aRule(overrides: RuleOverrides = {}): RuleConfig {
  const rule: RuleConfig = {
    rule_id: 1,
    namespace_id: 1,
    rule_name: 'requests per minute',
    rule_type: 'request_limit',
    rule_config: { max_requests_per_minute: 100 },
    priority: 100,
    status: ENABLED,
    per: 'namespace',
    mode: 'enforce',
    on_store_failure: 'share',
    models: null,
  };
  return Object.assign(rule, overrides);
}

/** Of one rule unless told otherwise; a rule is what `aRule` makes, with a number in place of ids. */
export const aPolicy = (overrides: Partial<PolicyConfig> = {}): PolicyConfig => ({
  policy_id: 1,
  policy_name: 'standard',
  description: null,
  policy_type: 'request_limit',
  status: ENABLED,
  rules: [aPolicyRule()],
  ...overrides,
});

/** Rule 1: 100 requests a minute unless told otherwise. */
export function aPolicyRule(ruleNo = 1, overrides: RuleOverrides = {}): PolicyRule {
  const { rule_id: _id, namespace_id: _owner, ...template } = aRule(overrides);
  return { rule_no: ruleNo, ...template };
}

/** Of the cluster unless told otherwise; says nothing. */
export const someSettings = (overrides: Partial<SettingsConfig> = {}): SettingsConfig => ({
  settings_id: 1,
  level: 'cluster',
  level_name: 'cluster',
  values: {},
  ...overrides,
});

export const anUpstream = (overrides: Partial<UpstreamConfig> = {}): UpstreamConfig => ({
  upstream_id: 1,
  upstream_code: 'openai',
  upstream_name: 'OpenAI',
  protocol: 'openai',
  algorithm: 'round_robin',
  timeouts: {},
  status: ENABLED,
  ...overrides,
});

export const aTarget = (overrides: Partial<TargetConfig> = {}): TargetConfig => ({
  target_id: 1,
  upstream_id: 1,
  url: 'http://127.0.0.1:8003',
  weight: 100,
  credential: null,
  model_map: {},
  labels: {},
  status: ENABLED,
  ...overrides,
});

export const aModel = (overrides: Partial<ModelConfig> = {}): ModelConfig => ({
  model_id: 1,
  model_name: 'gpt-4o-mini',
  aliases: [],
  upstream_id: 1,
  description: null,
  status: ENABLED,
  ...overrides,
});

export const aRoute = (overrides: Partial<RouteConfig> = {}): RouteConfig => ({
  route_id: 1,
  name: 'orders',
  path: '/orders',
  path_type: 'prefix',
  methods: [],
  hosts: [],
  upstream_id: 1,
  target_url: null,
  strip_prefix: false,
  requires_auth: false,
  timeouts: {},
  rate_limit_rpm: null,
  priority: 100,
  status: ENABLED,
  ...overrides,
});

/** @param overrides set `digest` to the HMAC of the key the test sends */
export const anApiKey = (overrides: Partial<ApiKeyConfig> = {}): ApiKeyConfig => ({
  key_id: 1,
  key_name: 'demo',
  namespace_id: null,
  expires_at: null,
  status: ENABLED,
  digest: '0'.repeat(64),
  ...overrides,
});

export const aHeldValue = (overrides: Partial<HeldValueConfig> = {}): HeldValueConfig => ({
  held_value_id: 1,
  rollout_id: 1,
  groups: ['canary'],
  kind: 'rule',
  resource_id: 1,
  value: null,
  ...overrides,
});

export const aTokenRule = (overrides: Partial<TokenRuleConfig> = {}): TokenRuleConfig => ({
  token_rule_id: 1,
  rule_name: 'own model',
  description: null,
  model_pattern: 'own-model*',
  encoding: 'cl100k_base',
  family: 'plain',
  overheads: { per_message: 0, per_name: 0, per_request: 0, per_tool: 0 },
  factor: 1,
  images: { mode: 'fixed', tokens: 1600 },
  method: 'exact',
  priority: 0,
  status: ENABLED,
  rule_version: 1,
  ...overrides,
});
