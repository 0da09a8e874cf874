import type { MatcherConfig } from '@ai-gateway/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { facts, matcher, type FactsSample } from './config.samples.js';
import { buildMatcherIndex } from './matcher-filing.js';
import { findMatcher } from './matcher-index.js';
import { compileMatcher, type CompiledMatcher } from './matcher.compiler.js';
import { byPrecedence } from './precedence.js';
import type { RequestFacts } from './request-facts.js';
import { testHolds } from './text-test.js';

const indexOf = (...configs: MatcherConfig[]) => buildMatcherIndex(configs.map(compileMatcher));

const hit = (configs: MatcherConfig[], sample: FactsSample): number | null =>
  findMatcher(indexOf(...configs), facts(sample))?.id ?? null;

const matches = (over: Partial<MatcherConfig>, sample: FactsSample): boolean =>
  hit([matcher(1, over)], sample) === 1;

describe('operators on a header', () => {
  it.each([
    ['equals', 'a', 'a', true],
    ['equals', 'a', 'A', false],
    ['equals', '', '', true],
    ['equals', '渠道', Buffer.from('渠道').toString('latin1'), true],
    ['equals', '\u00e9', '\u00e9', false],
    ['not_equals', 'a', 'b', true],
    ['not_equals', 'a', 'a', false],
    ['not_equals', '渠道', Buffer.from('渠道').toString('latin1'), false],
    ['contains', 'eta', 'beta', true],
    ['contains', 'eta', 'alpha', false],
    ['contains', '道', Buffer.from('渠道').toString('latin1'), true],
    ['regex', '^b.t', 'beta', true],
    ['regex', '^渠.$', Buffer.from('渠道').toString('latin1'), true],
    ['regex', '^eta', 'beta', false],
    ['regex', '(a+)+$', `${'a'.repeat(40)}!`, false],
    ['in', 'a, b ,c', 'b', true],
    ['in', '["a,b","c"]', 'a,b', true],
    ['in', '["a,b","c"]', 'a', false],
    ['in', '[1,true]', 'true', true],
    ['in', '[not json', '[not json', true],
    ['in', '[{}]', '[{}]', true],
    ['in', '[]', '', false],
  ] as const)('%s %j against %j is %s', (operator, value, text, expected) => {
    const over = { match_operator: operator, match_value: value };
    expect(matches(over, { headers: { channelcode: text } })).toBe(expected);
  });

  it('finds the header whatever case the matcher is written in', () => {
    expect(matches({ match_field: 'ChannelCode' }, { headers: { channelcode: 'a' } })).toBe(true);
  });
});

describe('fields of the body', () => {
  const body = JSON.parse(
    '{"s":"x","n":20,"f":1.50,"b":true,"z":null,"o":{"deep":["p",{"q":"r"}]},"e":"",' +
      '"__proto__":{"polluted":"yes"},"constructor":"own"}',
  ) as unknown;

  it.each([
    ['s', 'x', true],
    ['n', '20', true],
    ['f', '1.5', true],
    ['b', 'true', true],
    ['e', '', true],
    ['o.deep.0', 'p', true],
    ['o.deep.1.q', 'r', true],
    ['__proto__.polluted', 'yes', true],
    ['constructor', 'own', true],
    ['o.deep.00', 'p', false],
    ['o.deep.length', '2', false],
    ['s.length', '1', false],
    ['o.deep.9', 'p', false],
    ['toString', '', false],
    ['z', 'null', false],
  ])('%s equals %j is %s', (field, value, expected) => {
    const over = { matcher_type: 'body', match_field: field, match_value: value } as const;
    expect(matches(over, { body })).toBe(expected);
  });

  it.each(['missing', 'z', 'o', 'o.deep', '', 's.x'])(
    'a field without text (%j) satisfies no operator',
    (field) => {
      const operators = ['equals', 'not_equals', 'contains', 'regex', 'in'] as const;
      for (const operator of operators) {
        const over = {
          matcher_type: 'body',
          match_field: field,
          match_operator: operator,
        } as const;
        expect(matches({ ...over, match_value: '' }, { body })).toBe(false);
        expect(matches({ ...over, match_value: '' }, {})).toBe(false);
      }
    },
  );

  it('a text longer than the compared length satisfies no operator', () => {
    const over = { matcher_type: 'body', match_field: 's', match_operator: 'not_equals' } as const;
    expect(matches(over, { body: { s: 'x'.repeat(65_536) } })).toBe(true);
    expect(matches(over, { body: { s: 'x'.repeat(65_537) } })).toBe(false);
    expect(matches(over, { body: { s: '漢'.repeat(21_845) } })).toBe(true);
    expect(matches(over, { body: { s: '漢'.repeat(21_846) } })).toBe(false);
    const header = { match_operator: 'not_equals' } as const;
    expect(matches(header, { headers: { channelcode: 'x'.repeat(65_537) } })).toBe(false);
  });

  it.each([undefined, null, 5, 'text', [], true])('a body that is %j matches nothing', (value) => {
    expect(matches({ matcher_type: 'body', match_operator: 'not_equals' }, { body: value })).toBe(
      false,
    );
  });
});

describe('matchers with several tests', () => {
  it('header_and_body demands the field in both places', () => {
    const over = { matcher_type: 'header_and_body', match_field: 'Channel' } as const;
    expect(matches(over, { headers: { channel: 'a' }, body: { Channel: 'a' } })).toBe(true);
    expect(matches(over, { headers: { channel: 'a' } })).toBe(false);
    expect(matches(over, { body: { Channel: 'a' } })).toBe(false);
  });

  it.each([
    [{ in: 'header', field: 'X-Env', operator: 'equals', value: 'prod' }, true],
    [{ in: 'header', field: 'x-env', operator: 'not_equals', value: 'prod' }, false],
    [{ in: 'body', field: 'stream', operator: 'equals', value: 'true' }, true],
    [{ in: 'query', field: 'v', operator: 'in', value: '1,2' }, true],
    [{ in: 'query', field: 'w', operator: 'contains', value: '' }, false],
    [{ in: 'path', operator: 'regex', value: '^/v1/' }, true],
    [{ in: 'path', operator: 'equals', value: '/v2' }, false],
    [{ in: 'method', operator: 'in', value: 'post,put' }, true],
    [{ in: 'method', operator: 'equals', value: 'GET' }, false],
  ] as const)('a condition %j besides the match gives %s', (condition, expected) => {
    const sample = {
      headers: { channelcode: 'a', 'x-env': 'prod' },
      queries: { v: '2' },
      body: { stream: true },
    };
    expect(matches({ conditions: [condition] }, sample)).toBe(expected);
  });

  it('a condition that names no field is not compiled', () => {
    const conditions = [{ in: 'query', operator: 'equals', value: 'a' }] as const;
    expect(() => compileMatcher(matcher(1, { conditions: [...conditions] }))).toThrow(
      'a condition on query needs a field',
    );
  });
});

describe('which matcher wins', () => {
  const sample = { headers: { channelcode: 'a', other: 'x' } };

  it('the larger priority, whatever the operator', () => {
    const equality = matcher(1, { priority: 10 });
    const regex = matcher(2, { match_operator: 'regex', match_value: 'a', priority: 20 });
    expect(hit([equality, regex], sample)).toBe(2);
    expect(hit([{ ...equality, priority: 30 }, regex], sample)).toBe(1);
  });

  it('the smaller id among equal priorities, whatever the operator', () => {
    const regex = { match_operator: 'regex', match_value: 'a' } as const;
    expect(hit([matcher(2), matcher(1, regex)], sample)).toBe(1);
    expect(hit([matcher(1), matcher(2, regex)], sample)).toBe(1);
    expect(hit([matcher(9), matcher(4), matcher(6)], sample)).toBe(4);
  });

  it('the next one when a condition of the first does not hold', () => {
    const first = matcher(1, {
      priority: 200,
      conditions: [{ in: 'path', operator: 'contains', value: 'nowhere' }],
    });
    expect(hit([first, matcher(2)], sample)).toBe(2);
  });
});

describe('cost', () => {
  /** Counts what is read of a request. */
  function counting(sample: FactsSample): { facts: RequestFacts; reads: () => number } {
    let reads = 0;
    const inner = facts(sample);
    const header = (name: string) => {
      reads += 1;
      return inner.header(name);
    };
    return { facts: { ...inner, header }, reads: () => reads };
  }

  const tenants = (count: number, over: (id: number) => Partial<MatcherConfig>) =>
    indexOf(
      ...Array.from({ length: count }, (_, i) =>
        matcher(i + 1, { namespace_id: i + 1, match_value: `tenant-${i + 1}`, ...over(i + 1) }),
      ),
    );

  it.each([10, 10_000])('%i equality matchers on one field are one lookup', (count) => {
    const index = tenants(count, () => ({}));
    expect(index.fields).toHaveLength(1);
    expect(index.list).toHaveLength(0);
    const request = counting({ headers: { channelcode: 'tenant-9' } });
    expect(findMatcher(index, request.facts)?.id).toBe(9);
    expect(request.reads()).toBe(1);
  });

  it('tenants told apart only by a condition are filed under the condition', () => {
    const index = tenants(1_000, (id) => ({
      match_value: 'shared',
      conditions: [{ in: 'header', field: 'x-tenant', operator: 'equals', value: `t${id}` }],
    }));
    expect(index.fields.map(({ field }) => field)).toEqual(['x-tenant']);
    const request = counting({ headers: { channelcode: 'shared', 'x-tenant': 't900' } });
    expect(findMatcher(index, request.facts)?.id).toBe(900);
    expect(request.reads()).toBe(2);
  });

  it('the list is not walked when the hit already outranks it', () => {
    const regexes = Array.from({ length: 50 }, (_, i) =>
      matcher(i + 10, { match_operator: 'regex', match_value: '.', priority: 1 }),
    );
    const request = counting({ headers: { channelcode: 'a' } });
    expect(findMatcher(indexOf(matcher(1), ...regexes), request.facts)?.id).toBe(1);
    expect(request.reads()).toBe(1);
  });

  it('fields whose best matcher is outranked are not read', () => {
    const other = matcher(2, { match_field: 'other', priority: 1 });
    const request = counting({ headers: { channelcode: 'a', other: 'a' } });
    expect(findMatcher(indexOf(other, matcher(1)), request.facts)?.id).toBe(1);
    expect(request.reads()).toBe(1);
  });
});

describe('the index and a walk over all matchers', () => {
  const text = fc.constantFrom('a', 'b', 'ab', '', '1', 'true');
  const field = fc.constantFrom('x', 'y');
  const operator = fc.constantFrom('equals', 'not_equals', 'contains', 'regex', 'in');
  const condition = fc.record({
    in: fc.constantFrom('header', 'body', 'query', 'path', 'method'),
    field,
    operator,
    value: text,
  });
  const anyMatcher = fc.record({
    matcher_type: fc.constantFrom('header', 'body', 'header_and_body'),
    match_field: field,
    match_operator: operator,
    match_value: fc.oneof(text, fc.constant('a,b')),
    conditions: fc.array(condition, { maxLength: 2 }),
    priority: fc.integer({ min: 0, max: 3 }),
  });
  const texts = fc.dictionary(field, text);
  const anyRequest = fc.record({
    headers: texts,
    queries: texts,
    body: fc.dictionary(
      field,
      fc.oneof(text, fc.constant(1), fc.constant(true), fc.constant(null)),
    ),
    path: fc.constantFrom('/a', '/b'),
    method: fc.constantFrom('GET', 'POST'),
  });

  const walk = (matchers: readonly CompiledMatcher[], request: RequestFacts) =>
    matchers
      .toSorted(byPrecedence)
      .find(({ tests }) => tests.every((test) => testHolds(test, request)))?.id;

  it('always name the same matcher', () => {
    fc.assert(
      fc.property(fc.array(anyMatcher, { maxLength: 12 }), anyRequest, (configs, sample) => {
        const matchers = configs.map((over, i) => compileMatcher(matcher(i + 1, over)));
        const request = facts(sample);
        const found = findMatcher(buildMatcherIndex(matchers), request)?.id;
        expect(found).toBe(walk(matchers, request));
      }),
      { numRuns: 500 },
    );
  });
});
