/** Compiles upstreams and their targets. */
import type {
  BalancingAlgorithm,
  SealedSecret,
  TargetConfig,
  UpstreamConfig,
  UpstreamProtocol,
} from '@ai-gateway/contracts';
import { DEFAULT_TIMEOUTS, overrideTimeouts, type CompiledTimeouts } from './timeouts.js';
import { UncompilableError } from './uncompilable.error.js';

export interface CompiledTarget {
  readonly id: number;
  readonly upstreamId: number;
  /** `https://host:port`, as undici wants it. */
  readonly origin: string;
  /** Goes before the path of every request; empty or without a trailing slash. */
  readonly basePath: string;
  readonly weight: number;
  /** Opened by the forwarder, never here. */
  readonly credential: SealedSecret | null;
  /** Model name of the client → model name of this target. */
  readonly modelMap: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
}

export interface CompiledUpstream {
  readonly id: number;
  readonly code: string;
  readonly name: string;
  readonly protocol: UpstreamProtocol;
  readonly algorithm: BalancingAlgorithm;
  readonly timeouts: CompiledTimeouts;
  /** Enabled ones with a weight, in order of id; empty for a disabled upstream. */
  readonly targets: readonly CompiledTarget[];
}

/** @throws UncompilableError */
export function compileTarget(config: TargetConfig): CompiledTarget {
  if (!URL.canParse(config.url)) throw new UncompilableError('url cannot be parsed');
  const url = new URL(config.url);
  return {
    id: config.target_id,
    upstreamId: config.upstream_id,
    origin: url.origin,
    basePath: url.pathname.replace(/\/+$/, ''),
    weight: config.weight,
    credential: config.credential,
    modelMap: new Map(Object.entries(config.model_map)),
    labels: new Map(Object.entries(config.labels)),
  };
}

/**
 * A disabled upstream is kept without targets: what points to it answers that nobody is there,
 * instead of looking as if it had never been configured.
 */
export function compileUpstream(
  config: UpstreamConfig,
  targets: readonly CompiledTarget[],
  defaults: CompiledTimeouts = DEFAULT_TIMEOUTS,
): CompiledUpstream {
  const usable = config.status === 1 ? targets.filter(({ weight }) => weight > 0) : [];
  return {
    id: config.upstream_id,
    code: config.upstream_code,
    name: config.upstream_name,
    protocol: config.protocol,
    algorithm: config.algorithm,
    timeouts: overrideTimeouts(defaults, config.timeouts),
    targets: usable.toSorted((a, b) => a.id - b.id),
  };
}
