/** How long the gateway waits for a target: the route's word over the upstream's over defaults. */
import type { Timeouts } from '@ai-gateway/contracts';

export interface CompiledTimeouts {
  readonly connectMs: number;
  readonly firstByteMs: number;
  /** Longest silence within an answer. */
  readonly idleMs: number;
}

export const DEFAULT_TIMEOUTS: CompiledTimeouts = {
  connectMs: 2_000,
  firstByteMs: 30_000,
  idleMs: 30_000,
};

export function overrideTimeouts(base: CompiledTimeouts, override: Timeouts): CompiledTimeouts {
  return {
    connectMs: override.connect_ms ?? base.connectMs,
    firstByteMs: override.first_byte_ms ?? base.firstByteMs,
    idleMs: override.idle_ms ?? base.idleMs,
  };
}
