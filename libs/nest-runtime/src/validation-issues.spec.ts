import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { validationError } from './validation-issues.js';

const schema = z.strictObject({
  name: z.string().max(5).optional(),
  code: z
    .string()
    .regex(/^[a-z]+$/)
    .optional(),
  count: z.int().min(0).optional(),
  status: z.union([z.literal(0), z.literal(1)]).default(1),
  kind: z.enum(['a', 'b']).optional(),
  rule_config: z.strictObject({ text: z.string() }).optional(),
  needed: z.number().default(1),
});

const errorOf = (input: unknown, shape: z.ZodType = schema) => {
  const { error } = shape.safeParse(input);
  return validationError(error?.issues ?? [], { input });
};

describe('validation issues', () => {
  it.each([
    [{ count: '10' }, 'count'],
    [{ count: 1.5 }, 'count'],
    [{ count: -1 }, 'count'],
    [{ count: 2 ** 60 }, 'count'],
    [{ status: '1' }, 'status'],
    [{ code: 'A B' }, 'code'],
    [{ rule_config: {} }, 'rule_config.text'],
    [{ rule_config: { text: 'x', more: 1 } }, 'rule_config.more'],
    [{ rule_config: 'text' }, 'rule_config'],
  ])('call %j unprocessable', (input, path) => {
    expect(errorOf(input)).toMatchObject({ code: 'UNPROCESSABLE', details: [{ path }] });
  });

  it.each([
    [{ unknown: 1 }, 'unknown'],
    [{ name: 5 }, 'name'],
    [{ name: 'toolong' }, 'name'],
    [{ kind: 'c' }, 'kind'],
    [[], ''],
    [null, ''],
  ])('call %j invalid', (input, path) => {
    expect(errorOf(input)).toMatchObject({ code: 'VALIDATION_FAILED', details: [{ path }] });
  });

  it('call a missing field invalid, also a number or rule_config', () => {
    const needs = z.object({ count: z.number(), rule_config: z.object({}) });
    const error = errorOf({}, needs);
    expect(error.code).toBe('VALIDATION_FAILED');
    expect(error.details).toEqual([
      { path: 'count', message: 'is required' },
      { path: 'rule_config', message: 'is required' },
    ]);
  });

  it('call a mixture invalid and list every problem', () => {
    const error = errorOf({ count: -1, extra: 1, other: 2 });
    expect(error.code).toBe('VALIDATION_FAILED');
    expect(error.details.map(({ path }) => path).sort()).toEqual(['count', 'extra', 'other']);
  });

  it('name the values of a union of literals', () => {
    expect(errorOf({ status: 5 }).details).toEqual([
      { path: 'status', message: 'must be one of 0, 1' },
    ]);
  });
});
