import fc from 'fast-check';
import type { ConfigKind } from '@ai-gateway/contracts';
import { describe, expect, it } from 'vitest';
import type { ChangedResource, ConfigResources } from './config-delta.js';
import { RuntimeTableBuilder, compileConfig } from './config-table.js';
import { asWritten, textOf } from './config-table.samples.js';
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
import { finish } from './compile-step.js';
import { chooseRoute, findModel, matchNamespace, type RuntimeTable } from './runtime-table.js';

const requestLimit = {
  rule_type: 'request_limit',
  rule_config: { max_requests_per_minute: 100 },
} as const;
const check = (field: string) =>
  ({ rule_type: 'field_check', rule_config: { field_path: field, operator: 'exists' } }) as const;
const badCheck = {
  rule_type: 'field_check',
  rule_config: { field_path: 'body.model', operator: 'regex', value: '(?<=x)y' },
} as const;

const LISTS: ResourceLists = {
  namespaces: [namespace(1, { is_default: true }), namespace(2)],
  matchers: [matcher(1), matcher(2, { namespace_id: 2, match_value: 'b' })],
  rules: [rule(1, requestLimit), rule(2, check('body.user')), rule(3, requestLimit)],
  upstreams: [upstream(1)],
  targets: [target(1), target(2)],
  models: [model(1, { aliases: ['fast'] })],
  routes: [route(1), route(2, { path: '/files', path_type: 'prefix', methods: ['GET'] })],
  apiKeys: [apiKey(1, { namespace_id: 1 }), apiKey(2)],
};

const builder = new RuntimeTableBuilder();

/** The table after one change of `LISTS`, built on the table before. */
function again(before: ResourceLists, now: ResourceLists, ...changed: [ConfigKind, number][]) {
  const first = builder.compile(resources(before), head);
  const base = { table: first, changed: changed.map(([kind, id]) => ({ kind, id })) };
  const second = builder.compile(resources(now), { ...head, revision: 8 }, base);
  return { first, second };
}

const problemsOf = ({ problems }: RuntimeTable): string[] =>
  problems.map(({ kind, id, reason }) => `${kind} ${id}: ${reason}`);

/** Resources that share the objects of `LISTS`, as a store hands them out. */
const shared = LISTS;

describe('a table built on an earlier one', () => {
  it('shares all that did not change and leaves the earlier one alone', () => {
    const now = { ...shared, rules: [...(shared.rules ?? []), rule(5, requestLimit)] };
    const before = textOf(compileConfig(resources(shared), head));
    const { first, second } = again(shared, now, ['rule', 5]);
    expect(second.revision).toBe(8);
    expect(second.namespaces.get(1)?.limits).toHaveLength(3);
    expect(second.namespaces.get(1)?.limits[0]).toBe(first.namespaces.get(1)?.limits[0]);
    expect(second.namespaces.get(2)).toBe(first.namespaces.get(2));
    expect(second.matchers).toBe(first.matchers);
    expect(second.routes).toBe(first.routes);
    expect(second.modelList).toBe(first.modelList);
    expect(second.apiKeys).toBe(first.apiKeys);
    expect(second.routingFields).toBe(first.routingFields);
    expect(second.problems).toBe(first.problems);
    expect(textOf(first)).toBe(before);
  });

  it('files a changed matcher anew and touches no other bucket', () => {
    const changed = matcher(2, { namespace_id: 2, match_value: 'c' });
    const now = { ...shared, matchers: [matcher(1), changed] };
    const { first, second } = again(shared, now, ['matcher', 2]);
    const bucket = (table: RuntimeTable, text: string) =>
      table.matchers.fields[0]?.byText.get(text);
    expect(bucket(second, 'a')).toBe(bucket(first, 'a'));
    expect(bucket(second, 'b')).toBeUndefined();
    expect(bucket(second, 'c')).toHaveLength(1);
    expect(bucket(first, 'b')).toHaveLength(1);
  });

  it('reports what belonged to a deleted namespace, and compiles it again when it is back', () => {
    const without = { ...shared, namespaces: [namespace(2)] };
    const { second: gone } = again(shared, without, ['namespace', 1]);
    expect(problemsOf(gone)).toEqual([
      'rule 1: namespace 1 does not exist',
      'rule 2: namespace 1 does not exist',
      'rule 3: namespace 1 does not exist',
      'matcher 1: namespace 1 does not exist',
      'api_key 1: namespace 1 does not exist',
    ]);
    expect(gone.defaultNamespace).toBeNull();
    expect(gone.apiKeys.size).toBe(1);
    expect(gone.routingFields.bodyPaths.size).toBe(0);
    const { second: back } = again(without, shared, ['namespace', 1]);
    expect(textOf(back)).toBe(textOf({ ...compileConfig(resources(shared), head), revision: 8 }));
  });

  it('takes the matchers of a disabled namespace out without a word', () => {
    const off = { ...shared, namespaces: [namespace(1, { status: 0 }), namespace(2)] };
    const { second } = again(shared, off, ['namespace', 1]);
    expect(problemsOf(second)).toEqual([]);
    expect(matchNamespace(second, facts({ headers: { channelcode: 'a' } }))).toBeNull();
    expect(second.apiKeys.size).toBe(2);
  });

  it('passes a changed target on to all that use its upstream', () => {
    const targets = [target(1, { url: 'http://elsewhere.test' })];
    const changed: [ConfigKind, number][] = [
      ['target', 1],
      ['target', 2],
    ];
    const { first, second } = again(shared, { ...shared, targets }, ...changed);
    expect(findModel(second, 'fast')?.upstream.targets[0]?.origin).toBe('http://elsewhere.test');
    const choice = chooseRoute(second, facts({ method: 'GET', path: '/files/x' }));
    expect(choice?.kind === 'found' && choice.route.upstream).toBe(second.upstreams.get(1));
    expect(findModel(first, 'fast')?.upstream.targets[0]?.origin).not.toContain('elsewhere');
  });

  it('moves the default namespace', () => {
    const namespaces = [namespace(1), namespace(2, { is_default: true })];
    const { first, second } = again(
      shared,
      { ...shared, namespaces },
      ['namespace', 1],
      ['namespace', 2],
    );
    expect([first.defaultNamespace?.id, second.defaultNamespace?.id]).toEqual([1, 2]);
  });

  it('keeps nothing of what is gone', () => {
    const everything = Object.entries(resources(shared)).flatMap(([kind, map]) =>
      Array.from(map.keys(), (id): [ConfigKind, number] => [kind as ConfigKind, id]),
    );
    const { parts } = again(shared, {}, ...everything).second;
    const { filed, matchers } = parts.matchers;
    const maps = [filed.places, filed.crowds, matchers, parts.namespaces.rules];
    const { keys, usable, byDigest } = parts.apiKeys;
    const { header, body, query } = parts.fieldUse;
    for (const map of [...maps, keys, usable, byDigest, header, body, query]) {
      expect(map.size).toBe(0);
    }
    expect([filed.fields, filed.list]).toEqual([[], []]);
  });

  it('can be compiled in many short steps', () => {
    const steps = builder.steps(resources(shared), head, null);
    let count = 0;
    for (;;) {
      const step = steps.next();
      if (step.done === true) break;
      count += 1;
    }
    expect(count).toBeGreaterThan(10);
    expect(textOf(finish(builder.steps(resources(shared), head, null)))).toBe(
      textOf(compileConfig(resources(shared), head)),
    );
  });
});

describe('any sequence of changes', () => {
  const id = fc.integer({ min: 1, max: 4 });
  const owner = fc.integer({ min: 1, max: 4 });
  const status = fc.constantFrom(0, 1, 1, 1);
  const priority = fc.integer({ min: 0, max: 2 });
  const field = fc.constantFrom('x', 'y');
  const name = fc.constantFrom('one', 'two', 'three');
  const text = fc.constantFrom('a', 'b', 'a,b');
  const operator = fc.constantFrom('equals', 'equals', 'in', 'contains', 'regex', 'not_equals');
  const anyRule = fc.constantFrom(
    requestLimit,
    check('body.x'),
    check('header.y'),
    check('query.z'),
    badCheck,
  );

  /** One change: a resource put or, now and then, deleted. */
  const change = fc.oneof(
    fc
      .tuple(
        id,
        fc.record({
          status,
          is_default: fc.boolean(),
          policy_ids: fc.uniqueArray(fc.integer({ min: 1, max: 2 }), { maxLength: 2 }),
        }),
      )
      .map(([n, over]) => ['namespace', n, namespace(n, over)] as const),
    fc
      .tuple(
        fc.integer({ min: 1, max: 6 }),
        anyRule,
        fc.record({ namespace_id: owner, status, priority, rule_name: name }),
      )
      .map(([n, kind, over]) => ['rule', n, rule(n, kind, over)] as const),
    fc
      .tuple(
        fc.integer({ min: 1, max: 2 }),
        status,
        fc.array(fc.tuple(anyRule, fc.record({ status, priority, rule_name: name })), {
          maxLength: 3,
        }),
      )
      .map(([n, policyStatus, samples]) => {
        const rules = samples.map(([kind, over], index) => policyRule(index + 1, kind, over));
        return ['policy', n, policy(n, { status: policyStatus, rules })] as const;
      }),
    fc
      .tuple(
        fc.integer({ min: 1, max: 6 }),
        fc.record({
          namespace_id: owner,
          status,
          priority,
          match_field: field,
          match_operator: operator,
          match_value: fc.oneof(text, fc.constant('(')),
          conditions: fc.array(
            fc.record({ in: fc.constantFrom('header', 'body'), field, operator, value: text }),
            { maxLength: 2 },
          ),
        }),
      )
      .map(([n, over]) => ['matcher', n, matcher(n, over)] as const),
    fc
      .tuple(
        id,
        fc.record({
          namespace_id: fc.option(owner),
          status,
          digest: fc.constantFrom('d'.repeat(64), 'e'.repeat(64)),
        }),
      )
      .map(([n, over]) => ['api_key', n, apiKey(n, over)] as const),
    fc
      .tuple(fc.integer({ min: 1, max: 2 }), fc.record({ status }))
      .map(([n, over]) => ['upstream', n, upstream(n, over)] as const),
    fc
      .tuple(id, fc.record({ upstream_id: fc.integer({ min: 1, max: 2 }), status }))
      .map(([n, over]) => ['target', n, target(n, over)] as const),
    fc
      .tuple(id, fc.record({ upstream_id: fc.integer({ min: 1, max: 2 }), status }), fc.nat(3))
      .map(
        ([n, over, alias]) => ['model', n, model(n, { ...over, aliases: [`m${alias}`] })] as const,
      ),
    fc
      .tuple(id, fc.record({ upstream_id: fc.integer({ min: 1, max: 2 }), status, priority }))
      .map(([n, over]) => ['route', n, route(n, over)] as const),
  );
  const step = fc.record({
    changes: fc.array(fc.tuple(change, fc.nat(3)), { minLength: 1, maxLength: 12 }),
    /** What is compiled is thrown away, as when a feed is rejected. */
    isThrownAway: fc.boolean(),
  });
  const request = fc.record({
    headers: fc.dictionary(field, fc.constantFrom('a', 'b', 'ab')),
    body: fc.dictionary(field, fc.constantFrom('a', 'b', 'ab')),
  });

  type Maps = Record<string, Map<number, unknown>>;

  it('leads to the same table as compiling from nothing, and changes no earlier one', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 8 }),
        fc.array(request, { minLength: 4, maxLength: 8 }),
        (steps, requests) => {
          let now: ConfigResources = resources();
          let table = builder.compile(now, head);
          let changed: ChangedResource[] = [];
          const seen: [RuntimeTable, string][] = [];
          for (const { changes, isThrownAway } of steps) {
            const maps = Object.fromEntries(
              Object.entries(now).map(([kind, map]) => [
                kind,
                new Map<number, unknown>(map.entries()),
              ]),
            ) as Maps;
            for (const [[kind, resourceId, value], fate] of changes) {
              if (fate === 0) maps[kind]?.delete(resourceId);
              else maps[kind]?.set(resourceId, value);
              changed.push({ kind, id: resourceId });
            }
            now = maps as unknown as ConfigResources;
            const next = builder.compile(now, head, { table, changed });
            const fresh = compileConfig(now, head);
            expect(comparable(next)).toEqual(comparable(fresh));
            expect(next.problems).toEqual(fresh.problems);
            for (const sample of requests)
              expect(found(next, sample)).toEqual(found(fresh, sample));
            seen.push([next, textOf(next)]);
            if (isThrownAway) continue;
            table = next;
            changed = [];
          }
          for (const [one, written] of seen) expect(textOf(one)).toBe(written);
        },
      ),
      { numRuns: 300 },
    );
  });

  const found = (table: RuntimeTable, sample: { headers: object; body: object }) => {
    const match = matchNamespace(table, facts(sample as Parameters<typeof facts>[0]));
    return [match?.namespace?.id, match?.matcherId];
  };

  /** All but the index, where matchers may stand in another place. */
  const comparable = (table: RuntimeTable): unknown =>
    JSON.parse(textOf({ ...table, matchers: { fields: [], list: [] } }));
});

it('is written without what only the next compile reads', () => {
  expect(asWritten(compileConfig(resources(), head))).not.toHaveProperty('parts');
});
