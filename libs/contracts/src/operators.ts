/**
 * The two operator vocabularies of the product. Matchers say `equals`, field checks say `eq`;
 * each accepts the other's spelling and stores its own.
 */
import { z } from 'zod';

export const MATCH_OPERATORS = ['equals', 'not_equals', 'contains', 'regex', 'in'] as const;
export type MatchOperator = (typeof MATCH_OPERATORS)[number];

export const FIELD_OPERATORS = [
  'eq',
  'ne',
  'gt',
  'gte',
  'lt',
  'lte',
  'contains',
  'regex',
  'in',
  'exists',
] as const;
export type FieldOperator = (typeof FIELD_OPERATORS)[number];

const MATCH_ALIASES = new Map<unknown, MatchOperator>([
  ['eq', 'equals'],
  ['ne', 'not_equals'],
]);
const FIELD_ALIASES = new Map<unknown, FieldOperator>([
  ['equals', 'eq'],
  ['not_equals', 'ne'],
]);

export const matchOperatorSchema = z.preprocess(
  (value) => MATCH_ALIASES.get(value) ?? value,
  z.enum(MATCH_OPERATORS),
);
export const fieldOperatorSchema = z.preprocess(
  (value) => FIELD_ALIASES.get(value) ?? value,
  z.enum(FIELD_OPERATORS),
);
