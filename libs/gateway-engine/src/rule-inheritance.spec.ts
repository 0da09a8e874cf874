import type { NamespaceConfig, PolicyConfig, RuleConfig } from '@ai-gateway/contracts';
import { describe, expect, it } from 'vitest';
import { compileConfig, RuntimeTableBuilder } from './config-table.js';
import { head, namespace, policy, policyRule, resources, rule } from './config.samples.js';

const perMinute = (limit: number) =>
  ({ rule_type: 'request_limit', rule_config: { max_requests_per_minute: limit } }) as const;

const standard = (over: Partial<PolicyConfig> = {}): PolicyConfig =>
  policy(3, {
    rules: [policyRule(1, perMinute(10), { rule_name: 'requests' })],
    ...over,
  });

interface Sample {
  namespace?: Partial<NamespaceConfig>;
  rules?: readonly RuleConfig[];
  policies?: readonly PolicyConfig[];
}

function tableOf({ namespace: over, rules = [], policies = [standard()] }: Sample) {
  const namespaces = [namespace(1, { policy_ids: [3], ...over })];
  return compileConfig(resources({ namespaces, rules, policies }), head);
}
const limitsOf = (sample: Sample) =>
  tableOf(sample)
    .namespaces.get(1)
    ?.limits.map(({ ruleId, spans }) => `${ruleId}: ${spans[0]?.limit}`);

describe('a namespace', () => {
  it('is left out when its policy does not exist', () => {
    const { namespaces, problems } = tableOf({ policies: [] });
    expect(namespaces.size).toBe(0);
    expect(problems).toEqual([{ kind: 'namespace', id: 1, reason: 'policy 3 does not exist' }]);
  });

  it.each<[string, Sample, string[]]>([
    ['inherits the rules of its policy', {}, ['p3-1: 10']],
    ['inherits nothing when it names no policy', { namespace: { policy_ids: [] } }, []],
    ['inherits nothing from a disabled policy', { policies: [standard({ status: 0 })] }, []],
    [
      'does not inherit a disabled rule',
      {
        policies: [
          standard({
            rules: [policyRule(1, perMinute(10), { rule_name: 'requests', status: 0 })],
          }),
        ],
      },
      [],
    ],
    [
      'adds own rules of other names',
      { rules: [rule(7, perMinute(5), { rule_name: 'mine' })] },
      ['7: 5', 'p3-1: 10'],
    ],
    [
      'replaces an inherited rule by an own one of its name',
      { rules: [rule(7, perMinute(50), { rule_name: 'requests' })] },
      ['7: 50'],
    ],
    [
      'is exempt by a disabled own rule of its name',
      { rules: [rule(7, perMinute(50), { rule_name: 'requests', status: 0 })] },
      [],
    ],
    [
      'is not exempt by the rule of another namespace',
      { rules: [rule(7, perMinute(50), { namespace_id: 2, rule_name: 'requests' })] },
      ['p3-1: 10'],
    ],
    [
      'is held to rules of one name from two policies',
      {
        namespace: { policy_ids: [4, 3] },
        policies: [
          standard(),
          policy(4, { rules: [policyRule(2, perMinute(8), { rule_name: 'requests' })] }),
        ],
      },
      ['p3-1: 10', 'p4-2: 8'],
    ],
    [
      'replaces the rules of one name of all its policies',
      {
        namespace: { policy_ids: [4, 3] },
        policies: [
          standard(),
          policy(4, { rules: [policyRule(2, perMinute(8), { rule_name: 'requests' })] }),
        ],
        rules: [rule(7, perMinute(1), { rule_name: 'requests' })],
      },
      ['7: 1'],
    ],
    [
      'orders own and inherited rules by priority',
      {
        rules: [rule(7, perMinute(5), { rule_name: 'mine', priority: 50 })],
        policies: [
          standard({
            rules: [
              policyRule(1, perMinute(1), { rule_name: 'low', priority: 1 }),
              policyRule(2, perMinute(2), { rule_name: 'high', priority: 90 }),
            ],
          }),
        ],
      },
      ['p3-2: 2', '7: 5', 'p3-1: 1'],
    ],
  ])('%s', (_what, sample, limits) => {
    expect(limitsOf(sample)).toEqual(limits);
  });

  it('inherits field checks, and their fields decide', () => {
    const check = policyRule(4, {
      rule_type: 'field_check',
      rule_config: { field_path: 'header.x-env', operator: 'exists' },
    });
    const table = tableOf({ policies: [standard({ rules: [check] })] });
    expect(table.namespaces.get(1)?.fieldChecks[0]?.failure.ruleId).toBe('p3-4');
    expect([...table.routingFields.headers]).toContain('x-env');
  });
});

describe('a policy', () => {
  it('with a rule that does not compile takes its namespaces with it: none runs without limits', () => {
    const bad = policyRule(1, {
      rule_type: 'field_check',
      rule_config: { field_path: 'header.a', operator: 'regex', value: '(?=x)' },
    });
    const { namespaces, problems } = tableOf({ policies: [standard({ rules: [bad] })] });
    expect(problems).toMatchObject([
      { kind: 'policy', id: 3 },
      { kind: 'namespace', id: 1, reason: 'policy 3 is refused' },
    ]);
    expect(namespaces.size).toBe(0);
  });

  it('that changes is compiled anew for its namespaces and for no others', () => {
    const namespaces = [namespace(1, { policy_ids: [3] }), namespace(2)];
    const builder = new RuntimeTableBuilder();
    const before = builder.compile(resources({ namespaces, policies: [standard()] }), head);
    const changed = standard({
      rules: [policyRule(1, perMinute(99), { rule_name: 'requests' })],
    });
    const base = { table: before, changed: [{ kind: 'policy', id: 3 } as const] };
    const after = builder.compile(resources({ namespaces, policies: [changed] }), head, base);
    expect(after.namespaces.get(1)?.limits[0]?.spans[0]?.limit).toBe(99);
    expect(after.namespaces.get(2)).toBe(before.namespaces.get(2));
  });
});
