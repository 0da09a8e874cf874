import type { FieldCheckConfig } from '@ai-gateway/contracts';
import { describe, expect, it } from 'vitest';
import { facts, namespace, rule, type FactsSample } from './config.samples.js';
import {
  compileNamespace,
  evaluateFieldChecks,
  shadowFieldCheckFailures,
} from './namespace.compiler.js';
import { compileRule } from './rule.compiler.js';

const check = (id: number, config: FieldCheckConfig, over: Parameters<typeof rule>[2] = {}) =>
  rule(id, { rule_type: 'field_check', rule_config: config }, over);

const compiled = (...rules: ReturnType<typeof rule>[]) =>
  compileNamespace(namespace(1), rules.map(compileRule));

const passes = (config: FieldCheckConfig, sample: FactsSample): boolean =>
  evaluateFieldChecks(compiled(check(1, config)), facts(sample), null) === null;

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

describe('a field of the body', () => {
  it.each([
    // Numbers are compared with numbers only.
    ['lte', 20_000, 20_000, true],
    ['lte', 20_000, 20_001, false],
    ['lte', 20_000, '5', false],
    ['lte', 20_000, [5], false],
    ['lte', 20_000, { valueOf: 5 }, false],
    ['lte', 20_000, true, false],
    ['lte', 20_000, '', false],
    ['lte', '20000', 20_001, false],
    ['lte', '20000', 20_000, true],
    ['lt', 5, 5, false],
    ['lt', 5, 4.9, true],
    ['gt', 0, 0, false],
    ['gt', -1, 0, true],
    ['gte', 1, 1, true],
    ['gte', 1, 0, false],
    ['gte', 1, '1', false],
    // Equality knows the type.
    ['eq', 'a', 'a', true],
    ['eq', 'a', 'b', false],
    ['eq', 5, 5, true],
    ['eq', 5, '5', false],
    ['eq', true, 'true', false],
    ['eq', false, false, true],
    ['eq', 'a', ['a'], false],
    ['eq', null, 'set', false],
    ['ne', 'a', 'b', true],
    ['ne', 'a', 'a', false],
    ['ne', 5, '5', true],
    ['ne', null, 0, true],
    ['ne', null, null, false],
    ['in', ['a', 1, true], 1, true],
    ['in', ['a', 1, true], '1', false],
    ['in', ['a', null], null, true],
    ['in', ['a'], {}, false],
    ['in', 'a, b', 'b', true],
    ['in', '["a,b"]', 'a,b', true],
    ['in', 7, 7, true],
    // Text.
    ['contains', 'eta', 'beta', true],
    ['contains', 'eta', 'alpha', false],
    ['contains', '5', 150, false],
    ['contains', 'x', ['x', 'y'], true],
    ['contains', 'x', ['xy'], false],
    ['contains', 1, [1], true],
    ['contains', 1, '1', false],
    ['contains', 'x', { x: 'x' }, false],
    ['contains', 'x', 'x'.repeat(65_537), false],
    ['regex', '^gpt-', 'gpt-4o', true],
    ['regex', '^gpt-', 'my-gpt-4o', false],
    ['regex', '^\\d+$', 12, true],
    ['regex', '.', [], false],
    ['regex', '.', 'x'.repeat(65_537), false],
    // Presence.
    ['exists', undefined, 0, true],
    ['exists', true, '', true],
    ['exists', true, null, false],
    ['exists', false, null, true],
    ['exists', false, 0, false],
  ] as const)('%s %j: %j passes is %s', (operator, value, found, expected) => {
    const config = { field_path: 'body.field', operator, value } as FieldCheckConfig;
    expect(passes(config, { body: { field: found } })).toBe(expected);
  });

  it.each(['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'contains', 'regex', 'in'] as const)(
    'passes %s when it is absent or null',
    (operator) => {
      const config = { field_path: 'body.a.b', operator, value: '1' };
      for (const body of [undefined, null, {}, { a: 1 }, { a: {} }, { a: { b: null } }]) {
        expect(passes(config, { body })).toBe(true);
      }
    },
  );

  it('fails only exists when it is absent', () => {
    expect(passes({ field_path: 'body.a', operator: 'exists' }, { body: {} })).toBe(false);
    expect(passes({ field_path: 'body.a', operator: 'eq', value: null }, { body: {} })).toBe(true);
    const none = { field_path: 'body.a', operator: 'exists', value: false } as const;
    expect(passes(none, {})).toBe(true);
  });

  it('is seen only when the body owns it', () => {
    const config = { field_path: 'body.__proto__.max', operator: 'exists' } as const;
    expect(passes(config, { body: {} })).toBe(false);
    expect(passes(config, { body: JSON.parse('{"__proto__":{"max":1}}') as unknown })).toBe(true);
  });
});

describe('a header or query parameter', () => {
  it.each([
    ['lte', 10, '9', true],
    ['lte', 10, '10.5', false],
    ['lte', 10, '-3', true],
    ['lte', 10, '1e1', false],
    ['lte', 10, '0x1', false],
    ['lte', 10, ' 1', false],
    ['lte', 10, '', false],
    ['eq', 5, '05', true],
    ['eq', 5, '6', false],
    ['eq', '5', '05', false],
    ['eq', true, 'true', true],
    ['ne', true, 'true', false],
    ['eq', null, 'null', false],
    ['in', [1, 'a'], '1', true],
    ['contains', 12, '123', true],
    ['regex', '^a', 'abc', true],
    ['exists', true, '', true],
  ] as const)('%s %j: %j passes is %s', (operator, value, text, expected) => {
    const config = { operator, value: value as FieldCheckConfig['value'] };
    const headers = { 'x-field': text };
    expect(passes({ field_path: 'header.X-Field', ...config }, { headers })).toBe(expected);
    const queries = { Field: text };
    expect(passes({ field_path: 'query.Field', ...config }, { queries })).toBe(expected);
  });

  it('compares header bytes with UTF-8 text', () => {
    const headers = { h: latin1('渠道') };
    expect(passes({ field_path: 'header.h', operator: 'eq', value: '渠道' }, { headers })).toBe(
      true,
    );
    expect(passes({ field_path: 'header.h', operator: 'contains', value: '道' }, { headers })).toBe(
      true,
    );
    expect(passes({ field_path: 'header.h', operator: 'regex', value: '^渠.$' }, { headers })).toBe(
      true,
    );
  });
});

describe('what cannot be compiled', () => {
  it.each([
    ['eq', undefined, 'the operator needs a value'],
    ['eq', ['a'], 'only the operator in takes a list'],
    ['in', undefined, 'the operator needs a value'],
    ['lte', 'many', 'the operator needs a number'],
    ['lte', true, 'the operator needs a number'],
    ['regex', 5, 'regex needs a text as value'],
    ['regex', '(', 'unsupported regex'],
    ['regex', '(a)\\1', 'unsupported regex'],
  ] as const)('%s %j: %s', (operator, value, reason) => {
    const config = { field_path: 'body.a', operator, value } as FieldCheckConfig;
    expect(() => compileRule(check(1, config))).toThrow(reason);
  });
});

describe('the failure that is shown', () => {
  const tooLong = (over: Partial<FieldCheckConfig> = {}): FieldCheckConfig => ({
    field_path: 'body.max_tokens',
    operator: 'lte',
    value: 10,
    ...over,
  });
  const request = facts({ body: { max_tokens: 11 } });

  it('names field and operator when the rule has no message', () => {
    expect(evaluateFieldChecks(compiled(check(7, tooLong())), request, null)).toEqual({
      ruleId: '7',
      ruleName: 'rule 7',
      message: 'The field body.max_tokens does not satisfy the operator lte.',
      statusCode: 403,
      fieldPath: 'body.max_tokens',
    });
  });

  it('carries the message and status of the rule', () => {
    const config = tooLong({ message: 'max_tokens不能大于20000', status_code: 400 });
    expect(evaluateFieldChecks(compiled(check(7, config)), request, null)).toMatchObject({
      message: 'max_tokens不能大于20000',
      statusCode: 400,
    });
  });

  it('is that of the highest priority, then of the smallest id', () => {
    const low = check(1, tooLong(), { priority: 1 });
    const rules = [low, check(9, tooLong()), check(5, tooLong())];
    expect(evaluateFieldChecks(compiled(...rules), request, null)?.ruleId).toBe('5');
  });

  it('never comes from a check in shadow mode, which is reported apart', () => {
    const shadow = check(1, tooLong(), { mode: 'shadow' });
    expect(evaluateFieldChecks(compiled(shadow), request, null)).toBeNull();
    expect(shadowFieldCheckFailures(compiled(shadow), request, null)).toHaveLength(1);
    expect(shadowFieldCheckFailures(compiled(), request, null)).toEqual([]);
  });

  it('comes only for the models the check is about', () => {
    const space = compiled(check(1, tooLong(), { models: ['gpt-*', 'o3'] }));
    expect(evaluateFieldChecks(space, request, 'gpt-4o')).not.toBeNull();
    expect(evaluateFieldChecks(space, request, 'o3')).not.toBeNull();
    expect(evaluateFieldChecks(space, request, 'o3-mini')).toBeNull();
    expect(evaluateFieldChecks(space, request, null)).toBeNull();
  });
});
