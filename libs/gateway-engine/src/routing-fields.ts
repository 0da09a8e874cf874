/**
 * The fields of a request that decide something, so that the pipeline can refuse a request which
 * carries one of them twice: gateway and upstream might read different ones. What the LLM surfaces
 * read by themselves (`model`, `stream`, `max_tokens` …) is the pipeline's to add.
 */
import type { CompiledMatcher } from './matcher.compiler.js';
import type { CompiledNamespace } from './namespace.compiler.js';

export interface RoutingFields {
  /** Lower case. */
  readonly headers: ReadonlySet<string>;
  /** Dotted paths as configured. */
  readonly bodyPaths: ReadonlySet<string>;
  /** First steps of the body paths. */
  readonly bodyRoots: ReadonlySet<string>;
  readonly queries: ReadonlySet<string>;
}

export function collectRoutingFields(
  matchers: readonly CompiledMatcher[],
  namespaces: Iterable<CompiledNamespace>,
): RoutingFields {
  const headers = new Set<string>();
  const bodyPaths = new Set<string>();
  const queries = new Set<string>();
  const sets = new Map([
    ['header', headers],
    ['body', bodyPaths],
    ['query', queries],
  ]);
  for (const { tests } of matchers) {
    for (const { place, field } of tests) sets.get(place)?.add(field);
  }
  for (const { fieldChecks, shadowFieldChecks } of namespaces) {
    for (const { place, field } of [...fieldChecks, ...shadowFieldChecks]) {
      sets.get(place)?.add(field);
    }
  }
  const bodyRoots = new Set(Array.from(bodyPaths, (path) => path.split('.', 1)[0] ?? path));
  return { headers, bodyPaths, bodyRoots, queries };
}
