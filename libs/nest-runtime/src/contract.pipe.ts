/**
 * The validation of every request: `@Body({ schema })`, `@Query({ schema })` and
 * `@Param(name, { schema })` take a schema of the contracts, this pipe enforces it and hands on what
 * the schema returns. Keys like `__proto__` are not stripped but refused as unknown fields.
 */
import { Injectable, StandardSchemaValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import type { z } from 'zod';
import { AdminError } from './admin-error.js';
import { badParameters, validationError } from './validation-issues.js';

const FORBIDDEN_KEY = '__proto__';

@Injectable()
export class ContractPipe extends StandardSchemaValidationPipe {
  // The signature is the framework's.
  override async transform<Value>(value: Value, metadata: ArgumentMetadata): Promise<Value> {
    const { schema, type, data } = metadata;
    if (schema === undefined || type === 'custom') return value;
    if (type === 'body') refuseForbiddenKey(value);
    const result = await this.validate<Value>(value, schema);
    if (result.issues === undefined) return result.value;
    const issues = result.issues as readonly z.core.$ZodIssue[];
    if (type === 'body') throw validationError(issues, { input: value });
    throw badParameters(issues, { input: value, prefix: data === undefined ? [] : [data] });
  }
}

/** Only the top level can reach an object that a schema does not rebuild field by field. */
function refuseForbiddenKey(value: unknown): void {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, FORBIDDEN_KEY)) return;
  throw new AdminError('VALIDATION_FAILED', {
    details: [{ path: FORBIDDEN_KEY, message: 'unknown field' }],
  });
}
