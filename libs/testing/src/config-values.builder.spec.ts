import { CONFIG_VALUE_SCHEMAS, type ConfigKind, type ConfigValues } from '@ai-gateway/contracts';
import { describe, expect, it } from 'vitest';
import * as builders from './config-values.builder.js';

const BUILT: ConfigValues = {
  namespace: builders.aNamespace(),
  matcher: builders.aMatcher(),
  rule: builders.aRule(),
  upstream: builders.anUpstream(),
  target: builders.aTarget(),
  model: builders.aModel(),
  route: builders.aRoute(),
  api_key: builders.anApiKey(),
  policy: builders.aPolicy(),
  settings: builders.someSettings(),
  held_value: builders.aHeldValue(),
  token_rule: builders.aTokenRule(),
};

describe('builders', () => {
  it.each(Object.keys(BUILT) as ConfigKind[])('make a valid %s that loses no field', (kind) => {
    const value = BUILT[kind];
    expect(CONFIG_VALUE_SCHEMAS[kind].parse(value)).toEqual(value);
  });

  it('take a rule type together with its configuration', () => {
    const rule = builders.aRule({
      rule_type: 'connection_limit',
      rule_config: { max_connections: 3 },
      priority: 7,
    });
    expect(CONFIG_VALUE_SCHEMAS.rule.parse(rule)).toMatchObject({
      rule_type: 'connection_limit',
      rule_config: { max_connections: 3 },
      priority: 7,
      rule_id: 1,
    });
  });
});
