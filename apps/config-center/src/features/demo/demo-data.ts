/** The demo configuration: two recognised tenants, a default one, and models at mock-llm. */
import type { z } from 'zod';
import type {
  matcherCreateSchema,
  namespaceCreateSchema,
  policyCreateSchema,
  ruleCreateSchema,
  upstreamCreateSchema,
} from '@ai-gateway/contracts';

type Input<Schema extends z.ZodType> = z.input<Schema>;

export interface DemoNamespace {
  /** Made with it, for it to inherit from. */
  policy: Input<typeof policyCreateSchema> | null;
  namespace: Input<typeof namespaceCreateSchema>;
  matchers: readonly Input<typeof matcherCreateSchema>[];
  rules: readonly Input<typeof ruleCreateSchema>[];
}

const GENEROUS_RULES: DemoNamespace['rules'] = [
  {
    rule_name: 'demo connections',
    rule_type: 'connection_limit',
    rule_config: { max_connections: 1000 },
  },
  {
    rule_name: 'demo requests',
    rule_type: 'request_limit',
    rule_config: { max_requests_per_minute: 10_000 },
  },
  {
    rule_name: 'demo tokens',
    rule_type: 'token_limit',
    rule_config: { max_tokens_per_hour: 10_000_000 },
  },
];

const DAILY_POLICY: DemoNamespace['policy'] = {
  policy_name: 'demo daily',
  description: 'For every namespace that names it; each counts for itself.',
  rules: [
    {
      rule_name: 'requests of a day',
      rule_type: 'request_limit',
      rule_config: { max_requests_per_day: 10_000_000 },
    },
    {
      rule_name: 'tokens of a day',
      rule_type: 'token_limit',
      rule_config: { max_tokens_per_day: 200_000_000 },
    },
  ],
};

export const DEMO_NAMESPACES: readonly DemoNamespace[] = [
  {
    namespace: {
      namespace_code: 'demo',
      namespace_name: 'Demo',
      description: 'Takes every request that no matcher recognises.',
      is_default: true,
    },
    matchers: [],
    policy: DAILY_POLICY,
    rules: GENEROUS_RULES,
  },
  {
    namespace: { namespace_code: 'wechat', namespace_name: '微信渠道' },
    matchers: [
      {
        matcher_name: 'channelcode wechat',
        matcher_type: 'header',
        match_field: 'channelcode',
        match_operator: 'equals',
        match_value: 'wechat',
      },
    ],
    policy: null,
    rules: GENEROUS_RULES,
  },
  {
    namespace: { namespace_code: 'alipay', namespace_name: '支付宝渠道' },
    matchers: [
      {
        matcher_name: 'channel alipay',
        matcher_type: 'body',
        match_field: 'channel',
        match_operator: 'equals',
        match_value: 'alipay',
      },
    ],
    policy: null,
    rules: GENEROUS_RULES,
  },
];

export interface DemoUpstream {
  upstream: Omit<Input<typeof upstreamCreateSchema>, 'targets'>;
  models: readonly string[];
}

/** Both lead to mock-llm, which speaks both protocols. */
export const DEMO_UPSTREAMS: readonly DemoUpstream[] = [
  {
    upstream: { upstream_code: 'mock-llm', upstream_name: 'Mock LLM', protocol: 'openai' },
    models: ['gpt-4o', 'gpt-4o-mini', 'Qwen3-8B'],
  },
  {
    upstream: {
      upstream_code: 'mock-llm-anthropic',
      upstream_name: 'Mock LLM (Anthropic)',
      protocol: 'anthropic',
    },
    models: ['claude-sonnet-4-5'],
  },
];
