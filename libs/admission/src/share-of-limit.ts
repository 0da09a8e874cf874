/**
 * The limit this instance enforces alone while the store is away: its share, rounded up so that a
 * small limit still admits one. `open` limits count without refusing, `closed` ones are handled
 * before. Key, span and algorithm stay, so what was counted can be handed back.
 */
import type { CompiledLimit } from '@ai-gateway/gateway-engine';

export class LimitShares {
  private readonly shares = new WeakMap<
    CompiledLimit,
    { instances: number; share: CompiledLimit }
  >();

  of(limit: CompiledLimit, instances: number): CompiledLimit {
    const known = this.shares.get(limit);
    if (known?.instances === instances) return known.share;
    const share = shareOf(limit, instances);
    this.shares.set(limit, { instances, share });
    return share;
  }
}

function shareOf(limit: CompiledLimit, instances: number): CompiledLimit {
  const { lease, spans } = limit;
  const part = (units: number): number => Math.ceil(units / instances);
  return {
    ...limit,
    mode: limit.onStoreFailure === 'open' ? 'shadow' : limit.mode,
    lease: lease && { ...lease, maxConnections: part(lease.maxConnections) },
    spans: spans.map((span) => ({ ...span, limit: part(span.limit) })),
  };
}
