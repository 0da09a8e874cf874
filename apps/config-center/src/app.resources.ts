/** The table of every kind of resource. */
import { ApiKeyEntity } from './features/api-keys/api-key.entity.js';
import { HeldValueEntity } from './platform/revisions/held-value.entity.js';
import { GatewaySettingsEntity } from './features/gateway-settings/gateway-settings.entity.js';
import { MatcherEntity } from './features/matchers/matcher.entity.js';
import { ModelEntity } from './features/models/model.entity.js';
import { NamespaceEntity } from './features/namespaces/namespace.entity.js';
import { PolicyEntity } from './features/policies/policy.entity.js';
import { RouteEntity } from './features/routes/route.entity.js';
import { RuleEntity } from './features/rules/rule.entity.js';
import { TokenRuleEntity } from './features/token-rules/token-rule.entity.js';
import { TargetEntity } from './features/upstreams/target.entity.js';
import { UpstreamEntity } from './features/upstreams/upstream.entity.js';
import type { TableOfKind } from './platform/revisions/resource-tables.js';

export const TABLE_OF_KIND: TableOfKind = {
  namespace: { entity: NamespaceEntity, idColumn: 'namespace_id' },
  matcher: { entity: MatcherEntity, idColumn: 'matcher_id' },
  rule: { entity: RuleEntity, idColumn: 'rule_id' },
  upstream: { entity: UpstreamEntity, idColumn: 'upstream_id' },
  target: { entity: TargetEntity, idColumn: 'target_id' },
  model: { entity: ModelEntity, idColumn: 'model_id' },
  route: { entity: RouteEntity, idColumn: 'route_id' },
  api_key: { entity: ApiKeyEntity, idColumn: 'key_id' },
  policy: { entity: PolicyEntity, idColumn: 'policy_id' },
  settings: { entity: GatewaySettingsEntity, idColumn: 'settings_id' },
  held_value: { entity: HeldValueEntity, idColumn: 'held_value_id' },
  token_rule: { entity: TokenRuleEntity, idColumn: 'token_rule_id' },
};
