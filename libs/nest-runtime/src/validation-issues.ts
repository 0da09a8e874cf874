/**
 * Turns the issues of a schema into one AdminError. 422 says "I understood you, but this value
 * cannot be": numbers, formats, semantic checks and anything within `rule_config`. 400 says "this
 * is not the shape asked for": unknown or missing fields, wrong types. A mixture is a 400.
 */
import type { AdminErrorDetail } from '@ai-gateway/contracts';
import type { z } from 'zod';
import { AdminError } from './admin-error.js';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

export interface IssueContext {
  /** What was validated; tells an absent field from a wrong one. */
  input: unknown;
  /** Put before every path, for values that sit inside a larger body. */
  prefix?: Path;
}

const MAX_DETAILS = 50;
const NUMBER_ORIGINS = new Set(['number', 'int', 'bigint']);

export function validationError(issues: readonly Issue[], context: IssueContext): AdminError {
  const code = issues.every((issue) => isUnprocessable(issue, context))
    ? 'UNPROCESSABLE'
    : 'VALIDATION_FAILED';
  return new AdminError(code, { details: detailsOf(issues, context) });
}

/** For what is no body (path and query): always 400. */
export const badParameters = (issues: readonly Issue[], context: IssueContext): AdminError =>
  new AdminError('VALIDATION_FAILED', { details: detailsOf(issues, context) });

const detailsOf = (issues: readonly Issue[], context: IssueContext): AdminErrorDetail[] =>
  issues.flatMap((issue) => describe(issue, context)).slice(0, MAX_DETAILS);

function describe(issue: Issue, context: IssueContext): AdminErrorDetail[] {
  const path = [...(context.prefix ?? []), ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: dotted([...path, key]), message: 'unknown field' }));
  }
  const message = isMissing(issue, context.input) ? 'is required' : reasonOf(issue);
  return [{ path: dotted(path), message }];
}

const dotted = (path: Path): string => path.map(String).join('.').slice(0, 300);

/** zod says only "Invalid input" for a union of literals. */
function reasonOf(issue: Issue): string {
  if (issue.code !== 'invalid_union') return issue.message;
  const values = issue.errors
    .flat()
    .flatMap((inner) => (inner.code === 'invalid_value' ? inner.values.map(String) : []));
  return values.length === 0 ? issue.message : `must be one of ${values.join(', ')}`;
}

function isUnprocessable(issue: Issue, { input, prefix = [] }: IssueContext): boolean {
  const path = [...prefix, ...issue.path];
  const missing = isMissing(issue, input);
  const configAt = path.indexOf('rule_config');
  if (configAt >= 0 && !(missing && configAt === path.length - 1)) return true;
  if (missing) return false;
  return issue.code === 'custom' || issue.code === 'invalid_format' || isAboutNumber(issue);
}

function isAboutNumber(issue: Issue): boolean {
  switch (issue.code) {
    case 'invalid_type':
      return NUMBER_ORIGINS.has(issue.expected);
    case 'too_small':
    case 'too_big':
      return NUMBER_ORIGINS.has(issue.origin);
    case 'not_multiple_of':
      return true;
    case 'invalid_value':
      return issue.values.every((value) => typeof value === 'number');
    case 'invalid_union':
      return isUnionOfNumbers(issue.errors);
    default:
      return false;
  }
}

const isUnionOfNumbers = (branches: readonly (readonly Issue[])[]): boolean =>
  branches.length > 0 && branches.every((branch) => branch.every(isAboutNumber));

const isMissing = (issue: Issue, input: unknown): boolean =>
  issue.code.startsWith('invalid_') && valueAt(input, issue.path) === undefined;

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}
