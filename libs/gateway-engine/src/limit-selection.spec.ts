import { describe, expect, it } from 'vitest';
import { namespace, route, rule } from './config.samples.js';
import { compileRouteLimit } from './limit.compiler.js';
import type { LimitDimensions } from './limit-scope.js';
import { applicableLimits } from './limit-selection.js';
import { compileNamespace } from './namespace.compiler.js';
import { compileRule } from './rule.compiler.js';

const perDay = { rule_type: 'request_limit', rule_config: { max_requests_per_day: 1 } } as const;
const caller: LimitDimensions = { apiKeyId: 8, ip: null, user: null, model: 'o3', routeId: 1 };

function chosen(routePriority: number | null, dimensions: LimitDimensions = caller): string[] {
  const rules = [
    rule(1, perDay, { priority: 10 }),
    rule(2, perDay, { priority: 30, per: 'api_key' }),
    rule(3, perDay, { priority: 20, models: ['gpt-*'] }),
    rule(4, perDay, { priority: 20, models: ['o*'] }),
  ];
  const { limits } = compileNamespace(namespace(1), rules.map(compileRule));
  const limited = route(1, { rate_limit_rpm: 1, priority: routePriority ?? 0 });
  const routeLimit = routePriority === null ? null : compileRouteLimit(limited);
  return applicableLimits(limits, routeLimit, dimensions).map(
    ({ limit, scope }) => `${limit.ruleId}/${scope}`,
  );
}

describe('the limits of a request', () => {
  it('are those about its model, each with whom it counts', () => {
    expect(chosen(null)).toEqual(['2/8', '4/-', '1/-']);
    expect(chosen(null, { ...caller, model: 'gpt-4o' })).toEqual(['2/8', '3/-', '1/-']);
  });

  it('without a model are those about all models', () => {
    expect(chosen(null, { ...caller, model: null })).toEqual(['2/8', '1/-']);
  });

  it.each([
    [99, ['route-1/-', '2/8', '4/-', '1/-']],
    [20, ['2/8', 'route-1/-', '4/-', '1/-']],
    [0, ['2/8', '4/-', '1/-', 'route-1/-']],
  ])('hold a route’s limit of priority %i in its place', (priority, expected) => {
    expect(chosen(priority)).toEqual(expected);
  });
});
