/** Where a request goes: decided by matching, before a target is chosen. */
import type {
  CompiledLimit,
  CompiledModel,
  CompiledTimeouts,
  CompiledUpstream,
} from '@ai-gateway/gateway-engine';

export interface Destination {
  readonly upstream: CompiledUpstream;
  /** Null for plain services. */
  readonly model: CompiledModel | null;
  /** Null for the built-in surfaces. */
  readonly routeId: number | null;
  /** Stands in metrics and logs: a route's name or a surface's. */
  readonly label: string;
  /** Path and query at the target, before the target's base path. */
  readonly path: string;
  readonly timeouts: CompiledTimeouts;
  /** The route's own request limit. */
  readonly limit: CompiledLimit | null;
}
