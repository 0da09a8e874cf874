import { describe, expect, it } from 'vitest';
import { matcher, namespace, route, rule, target } from './config.samples.js';
import { whyUncompilable } from './resource-check.js';

describe('whether the data plane will compile a resource', () => {
  it('is denied with the reason', () => {
    const regex = { match_operator: 'regex', match_value: '(' } as const;
    expect(whyUncompilable('matcher', matcher(1, regex))).toContain('unsupported regex');
    const check = { field_path: 'body.n', operator: 'lt', value: 'x' } as const;
    expect(whyUncompilable('rule', rule(1, { rule_type: 'field_check', rule_config: check }))).toBe(
      'the operator needs a number',
    );
    expect(whyUncompilable('route', route(1, { target_url: '/*' }))).toContain('more * than path');
    expect(whyUncompilable('target', target(1, { url: 'nowhere' }))).toBe('url cannot be parsed');
  });

  it('is confirmed without looking at what the resource refers to', () => {
    expect(whyUncompilable('matcher', matcher(1, { namespace_id: 99 }))).toBeNull();
    expect(whyUncompilable('namespace', namespace(1))).toBeNull();
  });

  it('is not answered for what is no configuration at all', () => {
    const broken = { ...matcher(1), conditions: null } as unknown as ReturnType<typeof matcher>;
    expect(() => whyUncompilable('matcher', broken)).toThrow(TypeError);
  });
});
