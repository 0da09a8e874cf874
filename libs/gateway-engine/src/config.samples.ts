/** Valid resources and requests for this library's tests; each test names only what it is about. */
import type {
  ApiKeyConfig,
  ConfigHead,
  MatcherConfig,
  ModelConfig,
  NamespaceConfig,
  PolicyConfig,
  PolicyRule,
  RouteConfig,
  RuleConfig,
  TargetConfig,
  UpstreamConfig,
} from '@ai-gateway/contracts';
import type { ConfigResources } from './config-delta.js';
import type { RequestFacts } from './request-facts.js';

export interface FactsSample {
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly queries?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export function facts(sample: FactsSample = {}): RequestFacts {
  const headers = new Map(Object.entries(sample.headers ?? {}));
  const queries = new Map(Object.entries(sample.queries ?? {}));
  return {
    method: sample.method ?? 'POST',
    path: sample.path ?? '/v1/chat/completions',
    host: sample.host ?? 'gateway.test',
    header: (name) => headers.get(name),
    query: (name) => queries.get(name),
    body: sample.body,
  };
}

export const head: ConfigHead = { epoch: 'epoch-of-tests', revision: 7 };

export const namespace = (id: number, over: Partial<NamespaceConfig> = {}): NamespaceConfig => ({
  namespace_id: id,
  namespace_code: `ns-${id}`,
  namespace_name: `Namespace ${id}`,
  description: null,
  status: 1,
  is_default: false,
  labels: {},
  policy_ids: [],
  ...over,
});

export const matcher = (id: number, over: Partial<MatcherConfig> = {}): MatcherConfig => ({
  matcher_id: id,
  namespace_id: 1,
  matcher_name: `matcher ${id}`,
  matcher_type: 'header',
  match_field: 'channelcode',
  match_operator: 'equals',
  match_value: 'a',
  conditions: [],
  priority: 100,
  status: 1,
  ...over,
});

type RuleKind = Pick<RuleConfig, 'rule_type' | 'rule_config'>;

/** The type and config of a rule belong together, which the caller answers for. */
export const rule = (
  id: number,
  kind: RuleKind,
  over: Partial<Omit<RuleConfig, keyof RuleKind>> = {},
): RuleConfig =>
  ({
    rule_id: id,
    namespace_id: 1,
    rule_name: `rule ${id}`,
    priority: 100,
    status: 1,
    per: 'namespace',
    mode: 'enforce',
    on_store_failure: 'share',
    models: null,
    ...over,
    ...kind,
  }) as RuleConfig;

export const upstream = (id: number, over: Partial<UpstreamConfig> = {}): UpstreamConfig => ({
  upstream_id: id,
  upstream_code: `up-${id}`,
  upstream_name: `Upstream ${id}`,
  protocol: 'openai',
  algorithm: 'round_robin',
  timeouts: {},
  status: 1,
  ...over,
});

export const target = (id: number, over: Partial<TargetConfig> = {}): TargetConfig => ({
  target_id: id,
  upstream_id: 1,
  url: `http://target-${id}.test:9000/`,
  weight: 100,
  credential: null,
  model_map: {},
  labels: {},
  status: 1,
  ...over,
});

export const model = (id: number, over: Partial<ModelConfig> = {}): ModelConfig => ({
  model_id: id,
  model_name: `model-${id}`,
  aliases: [],
  upstream_id: 1,
  description: null,
  status: 1,
  ...over,
});

export const route = (id: number, over: Partial<RouteConfig> = {}): RouteConfig => ({
  route_id: id,
  name: `route ${id}`,
  path: '/service',
  path_type: 'exact',
  methods: [],
  hosts: [],
  upstream_id: 1,
  target_url: null,
  strip_prefix: false,
  requires_auth: true,
  timeouts: {},
  rate_limit_rpm: null,
  priority: 100,
  status: 1,
  ...over,
});

export const apiKey = (id: number, over: Partial<ApiKeyConfig> = {}): ApiKeyConfig => ({
  key_id: id,
  key_name: `key ${id}`,
  namespace_id: null,
  expires_at: null,
  status: 1,
  digest: String(id).padStart(64, '0'),
  ...over,
});

export const policyRule = (
  ruleNo: number,
  kind: RuleKind,
  over: Partial<Omit<RuleConfig, keyof RuleKind>> = {},
): PolicyRule => {
  const { rule_id: _id, namespace_id: _owner, ...template } = rule(ruleNo, kind, over);
  return { rule_no: ruleNo, ...template };
};

export const policy = (id: number, over: Partial<PolicyConfig> = {}): PolicyConfig => ({
  policy_id: id,
  policy_name: `policy ${id}`,
  description: null,
  policy_type: 'mixed',
  status: 1,
  rules: [],
  ...over,
});

export interface ResourceLists {
  readonly namespaces?: readonly NamespaceConfig[];
  readonly matchers?: readonly MatcherConfig[];
  readonly rules?: readonly RuleConfig[];
  readonly upstreams?: readonly UpstreamConfig[];
  readonly targets?: readonly TargetConfig[];
  readonly models?: readonly ModelConfig[];
  readonly routes?: readonly RouteConfig[];
  readonly apiKeys?: readonly ApiKeyConfig[];
  readonly policies?: readonly PolicyConfig[];
}

export function resources(lists: ResourceLists = {}): ConfigResources {
  return {
    namespace: byId(lists.namespaces, (value) => value.namespace_id),
    matcher: byId(lists.matchers, (value) => value.matcher_id),
    rule: byId(lists.rules, (value) => value.rule_id),
    upstream: byId(lists.upstreams, (value) => value.upstream_id),
    target: byId(lists.targets, (value) => value.target_id),
    model: byId(lists.models, (value) => value.model_id),
    route: byId(lists.routes, (value) => value.route_id),
    api_key: byId(lists.apiKeys, (value) => value.key_id),
    policy: byId(lists.policies, (value) => value.policy_id),
  };
}

function byId<Value>(values: readonly Value[] = [], idOf: (value: Value) => number) {
  return new Map(values.map((value) => [idOf(value), value]));
}
