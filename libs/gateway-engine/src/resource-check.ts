/**
 * Whether the data plane will be able to compile a resource, for the control plane to ask before
 * it stores one. References to other resources are not looked at.
 */
import type { ConfigKind, ConfigValues } from '@ai-gateway/contracts';
import { compilePolicy, compileRule } from './rule.compiler.js';
import { compileMatcher } from './matcher.compiler.js';
import { compileTargetPath } from './route-pattern.js';
import { UncompilableError } from './uncompilable.error.js';
import { compileTarget } from './upstream.compiler.js';

type Check<Kind extends ConfigKind> = (config: ConfigValues[Kind]) => unknown;

const CHECKS: { readonly [Kind in ConfigKind]?: Check<Kind> } = {
  matcher: compileMatcher,
  rule: compileRule,
  policy: compilePolicy,
  target: compileTarget,
  route: compileTargetPath,
};

/** The reason, safe to show to the author; null when the resource compiles. */
export function whyUncompilable<Kind extends ConfigKind>(
  kind: Kind,
  config: ConfigValues[Kind],
): string | null {
  const check: Check<Kind> | undefined = CHECKS[kind];
  try {
    check?.(config);
    return null;
  } catch (error) {
    if (error instanceof UncompilableError) return error.message;
    throw error;
  }
}
