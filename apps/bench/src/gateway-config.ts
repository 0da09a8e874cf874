/** Configurations for the gateway under test: tenants told apart by one header, one upstream. */
import type { ConfigChange, ConfigKind, ConfigValues } from '@ai-gateway/contracts';
import { aMatcher, aModel, aNamespace, aRule, aTarget, anUpstream } from '@ai-gateway/testing';
import { MODEL, TENANT_HEADER } from './traffic.js';

/** Never reached, yet counted for every request. */
const MAX_REQUESTS = 1_000_000_000;
const MAX_TOKENS = 1_000_000_000_000;
const MAX_CONNECTIONS = 100_000;
const RULES_PER_TENANT = 3;

export const tenantName = (tenant: number): string => `tenant-${tenant}`;

export interface GatewayConfig {
  readonly upstreamOrigin: string;
  readonly tenants: number;
  /** Whether each tenant is held to connections, requests and tokens. */
  readonly hasLimits: boolean;
}

export function gatewayConfig({ upstreamOrigin, tenants, hasLimits }: GatewayConfig) {
  const changes = [
    change('upstream', 1, anUpstream()),
    change('target', 1, aTarget({ url: upstreamOrigin })),
    change('model', 1, aModel({ model_name: MODEL })),
  ];
  for (let tenant = 1; tenant <= tenants; tenant += 1) {
    changes.push(...tenantChanges(tenant));
    if (hasLimits) changes.push(...limitChanges(tenant));
  }
  return changes;
}

function tenantChanges(tenant: number): ConfigChange[] {
  const name = tenantName(tenant);
  return [
    change(
      'namespace',
      tenant,
      aNamespace({ namespace_id: tenant, namespace_code: name, namespace_name: name }),
    ),
    change(
      'matcher',
      tenant,
      aMatcher({
        matcher_id: tenant,
        namespace_id: tenant,
        match_field: TENANT_HEADER,
        match_value: name,
      }),
    ),
  ];
}

function limitChanges(tenant: number): ConfigChange[] {
  const firstId = (tenant - 1) * RULES_PER_TENANT + 1;
  const rules = [
    aRule({
      rule_type: 'connection_limit',
      rule_config: { max_connections: MAX_CONNECTIONS },
      rule_name: 'connections',
    }),
    aRule({
      rule_type: 'request_limit',
      rule_config: { max_requests_per_minute: MAX_REQUESTS },
      rule_name: 'requests per minute',
    }),
    aRule({
      rule_type: 'token_limit',
      rule_config: { max_tokens_per_hour: MAX_TOKENS },
      rule_name: 'tokens per hour',
    }),
  ];
  return rules.map((rule, index) => {
    const ruleId = firstId + index;
    return change('rule', ruleId, { ...rule, rule_id: ruleId, namespace_id: tenant });
  });
}

export const change = <Kind extends ConfigKind>(
  kind: Kind,
  id: number,
  value: ConfigValues[Kind],
): ConfigChange => ({ kind, id, revision: 1, value });
