import type { ConfigKind } from '@ai-gateway/contracts';
import { describe, expect, it } from 'vitest';
import {
  apiKey,
  facts,
  head,
  matcher,
  model,
  namespace,
  policy,
  policyRule,
  resources,
  route,
  rule,
  target,
  upstream,
  type ResourceLists,
} from './config.samples.js';
import { compileConfig } from './config-table.js';
import { asWritten, textOf } from './config-table.samples.js';
import { chooseRoute, findModel, matchNamespace, type RuntimeTable } from './runtime-table.js';

const requestLimit = {
  rule_type: 'request_limit',
  rule_config: { max_requests_per_minute: 100 },
} as const;
const maxTokens = {
  rule_type: 'field_check',
  rule_config: { field_path: 'body.max_tokens', operator: 'lte', value: 20_000 },
} as const;
const badCheck = {
  rule_type: 'field_check',
  rule_config: { field_path: 'body.model', operator: 'regex', value: '(?<=x)y' },
} as const;

/** One of everything, as small as a real installation can be. */
const SMALL: ResourceLists = {
  namespaces: [namespace(1, { is_default: true }), namespace(2)],
  matchers: [
    matcher(1),
    matcher(2, { namespace_id: 2, match_value: 'b' }),
    matcher(3, {
      namespace_id: 2,
      matcher_type: 'body',
      match_field: 'metadata.channel',
      match_operator: 'contains',
    }),
  ],
  rules: [
    rule(1, requestLimit, { priority: 50 }),
    rule(2, maxTokens),
    rule(3, { rule_type: 'connection_limit', rule_config: { max_connections: 5 } }),
    rule(4, maxTokens, { mode: 'shadow' }),
  ],
  upstreams: [upstream(1), upstream(2, { protocol: 'http', timeouts: { first_byte_ms: 5 } })],
  targets: [target(2), target(1, { model_map: { 'model-1': 'real' } })],
  models: [model(1, { aliases: ['fast'] }), model(2, { upstream_id: 2, model_name: 'a-model' })],
  routes: [
    route(1, { upstream_id: 2, rate_limit_rpm: 60 }),
    route(2, { path: '/files', path_type: 'prefix', strip_prefix: true, methods: ['GET'] }),
  ],
  apiKeys: [apiKey(1, { namespace_id: 1, expires_at: '2030-01-01T00:00:00.000Z' }), apiKey(2)],
};

const compile = (lists: ResourceLists): RuntimeTable => compileConfig(resources(lists), head);

const problems = (lists: ResourceLists): string[] =>
  compile(lists).problems.map(({ kind, id, reason }) => `${kind} ${id}: ${reason}`);

describe('a resource that cannot be compiled', () => {
  it('is reported and left out, the others stay', () => {
    const table = compile({
      ...SMALL,
      matchers: [
        matcher(1),
        matcher(4, { match_operator: 'regex', match_value: '(' }),
        matcher(5, { namespace_id: 2, match_value: 'b' }),
      ],
      rules: [rule(1, requestLimit), rule(9, badCheck)],
    });
    expect(table.problems.map(({ kind, id }) => [kind, id])).toEqual([
      ['rule', 9],
      ['matcher', 4],
    ]);
    expect(matchNamespace(table, facts({ headers: { channelcode: 'b' } }))?.matcherId).toBe(5);
    expect(table.namespaces.get(1)?.limits).toHaveLength(1);
    expect(table.namespaces.get(1)?.fieldChecks).toHaveLength(0);
  });

  it.each<[ResourceLists, string]>([
    [{ matchers: [matcher(1, { namespace_id: 9 })] }, 'matcher 1: namespace 9 does not exist'],
    [{ rules: [rule(1, requestLimit, { namespace_id: 9 })] }, 'rule 1: namespace 9 does not exist'],
    [{ targets: [target(1, { upstream_id: 9 })] }, 'target 1: upstream 9 does not exist'],
    [{ models: [model(1, { upstream_id: 9 })] }, 'model 1: upstream 9 does not exist'],
    [{ routes: [route(1, { upstream_id: 9 })] }, 'route 1: upstream 9 does not exist'],
    [{ apiKeys: [apiKey(1, { namespace_id: 9 })] }, 'api_key 1: namespace 9 does not exist'],
  ])('points to nothing: %#', (lists, reason) => {
    expect(problems(lists)).toEqual([reason]);
  });

  it('is a model whose name or alias an earlier model has', () => {
    const upstreams = [upstream(1)];
    const taken = model(2, { aliases: ['model-1'] });
    const third = model(3, { aliases: ['other'] });
    const table = compile({ upstreams, models: [third, taken, model(1)] });
    expect(table.problems).toEqual([
      { kind: 'model', id: 2, reason: 'another model is called model-1' },
    ]);
    expect(findModel(table, 'model-1')?.id).toBe(1);
    expect(findModel(table, 'model-2')).toBeNull();
    expect(findModel(table, 'other')?.id).toBe(3);
  });

  it('never hides a fault of the compiler itself', () => {
    const broken = { ...matcher(1), conditions: null } as unknown as ReturnType<typeof matcher>;
    expect(() => compile({ namespaces: [namespace(1)], matchers: [broken] })).toThrow(TypeError);
  });
});

describe('a disabled resource', () => {
  it('is left out without a word', () => {
    const off = { status: 0 } as const;
    const table = compile({
      namespaces: [namespace(1, off), namespace(2)],
      matchers: [matcher(1), matcher(2, { namespace_id: 2, match_value: 'b', ...off })],
      rules: [rule(1, badCheck, off), rule(2, requestLimit, { namespace_id: 2, ...off })],
      upstreams: [upstream(1)],
      targets: [target(1, off)],
      models: [model(1, off)],
      routes: [route(1, off)],
      apiKeys: [apiKey(1, off)],
    });
    expect(table.problems).toEqual([]);
    expect([...table.namespaces.keys()]).toEqual([2]);
    expect(table.namespaces.get(2)?.limits).toEqual([]);
    expect(matchNamespace(table, facts({ headers: { channelcode: 'a' } }))).toBeNull();
    expect(table.modelList).toEqual([]);
    expect(table.apiKeys.size).toBe(0);
    expect(table.upstreams.get(1)?.targets).toEqual([]);
    expect(chooseRoute(table, facts({ path: '/service' }))).toBeNull();
  });

  it('that is an upstream stays known but has no targets', () => {
    const upstreams = [upstream(1, { status: 0 })];
    const table = compile({ upstreams, targets: [target(1)], models: [model(1)] });
    expect(table.problems).toEqual([]);
    expect(findModel(table, 'model-1')?.upstream.targets).toEqual([]);
  });
});

describe('the namespace of a request', () => {
  it('is the matcher’s', () => {
    const found = matchNamespace(compile(SMALL), facts({ headers: { channelcode: 'b' } }));
    expect([found?.namespace?.id, found?.matcherId]).toEqual([2, 2]);
  });

  it('is the default one when no matcher knows the request', () => {
    const found = matchNamespace(compile(SMALL), facts());
    expect([found?.namespace?.id, found?.matcherId]).toEqual([1, null]);
  });

  it.each<[string, ResourceLists]>([
    ['does not exist', { namespaces: [namespace(1, { is_default: true })] }],
    [
      'is of a policy that does not exist',
      { namespaces: [namespace(1, { is_default: true }), namespace(2, { policy_ids: [9] })] },
    ],
    [
      'is of a policy that is refused',
      {
        namespaces: [namespace(1, { is_default: true }), namespace(2, { policy_ids: [9] })],
        policies: [policy(9, { rules: [policyRule(1, badCheck)] })],
      },
    ],
  ])('is never the default one when the matcher’s %s', (_what, lists) => {
    const matchers = [matcher(2, { namespace_id: 2, match_value: 'b' })];
    const table = compile({ ...lists, matchers });
    const found = matchNamespace(table, facts({ headers: { channelcode: 'b' } }));
    expect(found).toEqual({ namespace: null, matcherId: 2 });
    expect(table.problems).not.toEqual([]);
  });

  it('is nobody’s without a default', () => {
    expect(matchNamespace(compile({ namespaces: [namespace(2)] }), facts())).toBeNull();
    expect(matchNamespace(compile({}), facts())).toBeNull();
  });
});

describe('the table', () => {
  it('is what was written down', async () => {
    await expect(asWritten(compile(SMALL))).toMatchFileSnapshot('./__golden__/config-table.txt');
  });

  it('does not depend on the order in which resources came', () => {
    const reversed = Object.fromEntries(
      Object.entries(SMALL).map(([kind, list]) => [kind, [...(list as unknown[])].reverse()]),
    ) as ResourceLists;
    expect(textOf(compile(reversed))).toBe(textOf(compile(SMALL)));
  });

  it('names the fields that decide something', () => {
    const table = compile({
      ...SMALL,
      rules: [
        rule(1, maxTokens),
        rule(2, {
          rule_type: 'field_check',
          rule_config: { field_path: 'header.X-Env', operator: 'exists' },
        }),
      ],
      matchers: [
        matcher(1, {
          conditions: [{ in: 'query', field: 'v', operator: 'equals', value: '1' }],
        }),
        matcher(2, { matcher_type: 'body', match_field: 'metadata.channel' }),
        matcher(3, { match_field: 'disabled', status: 0 }),
      ],
    });
    expect(table.routingFields).toEqual({
      headers: new Set(['channelcode', 'x-env']),
      bodyPaths: new Set(['metadata.channel', 'max_tokens']),
      bodyRoots: new Set(['metadata', 'max_tokens']),
      queries: new Set(['v']),
    });
  });

  it('leads from every name to the model, and lists each once in order', () => {
    const table = compile(SMALL);
    expect(findModel(table, 'fast')?.name).toBe('model-1');
    expect(findModel(table, 'FAST')).toBeNull();
    expect(findModel(table, '__proto__')).toBeNull();
    expect(table.modelList.map(({ name }) => name)).toEqual(['a-model', 'model-1']);
  });
});

const KINDS: readonly ConfigKind[] = ['namespace', 'upstream', 'model', 'api_key'];
describe.each(KINDS)('a configuration without %s', (kind) => {
  it('compiles', () => {
    const lists = { ...resources(SMALL), [kind]: new Map() };
    expect(() => compileConfig(lists, head)).not.toThrow();
  });
});
