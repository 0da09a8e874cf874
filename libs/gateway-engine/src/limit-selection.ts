/** Which limits a request is held to, and whom each of them counts. */
import { scopeOf, type LimitDimensions } from './limit-scope.js';
import type { CompiledLimit } from './limit.types.js';

export interface ScopedLimit {
  readonly limit: CompiledLimit;
  /** See `scopeOf`. */
  readonly scope: string;
}

/**
 * The limits of a namespace that are about the request's model, and the limit of its route, in
 * order of priority; a route's limit goes before a rule's of the same priority. Limits about
 * certain models leave requests without a model alone.
 * @param limits in order of precedence, as a compiled namespace has them
 */
export function applicableLimits(
  limits: readonly CompiledLimit[],
  routeLimit: CompiledLimit | null,
  dimensions: LimitDimensions,
): ScopedLimit[] {
  const chosen: ScopedLimit[] = [];
  let pending = routeLimit;
  for (const limit of limits) {
    if (pending !== null && pending.priority >= limit.priority) {
      chosen.push(scoped(pending, dimensions));
      pending = null;
    }
    if (isAbout(limit, dimensions.model)) chosen.push(scoped(limit, dimensions));
  }
  if (pending !== null) chosen.push(scoped(pending, dimensions));
  return chosen;
}

const scoped = (limit: CompiledLimit, dimensions: LimitDimensions): ScopedLimit => ({
  limit,
  scope: scopeOf(limit, dimensions),
});

function isAbout({ appliesToModel }: CompiledLimit, model: string | null): boolean {
  return appliesToModel === null || (model !== null && appliesToModel(model));
}
