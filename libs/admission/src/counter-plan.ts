/**
 * What a limit counts, worked out once per compiled limit: key, kind, size and the script arguments
 * that never change. A decision then only appends the scope and the cost. Plans hang on the compiled
 * limit by a WeakMap, so they go away with the revision that made them.
 */
import { counterKeys, type RequestAlgorithm } from '@ai-gateway/contracts';
import type { CompiledLimit, Measure, SpanLimit } from '@ai-gateway/gateway-engine';

/** The numbers the Lua scripts know the kinds by. */
export const KIND = {
  lease: 0,
  sliding_window: 1,
  fixed_window: 2,
  token_bucket: 3,
  leaky_bucket: 4,
} as const satisfies Record<RequestAlgorithm | 'lease', number>;
export type CounterKind = (typeof KIND)[keyof typeof KIND];

/** A sliding window is counted in buckets of this fraction of its span. */
export const BUCKETS_PER_SPAN = 60;
/** Whoever finds all connections taken hears this: one may end at any time. */
export const LEASE_RETRY_MS = 1000;
/** The scope of limits that count per namespace. */
const WHOLE_NAMESPACE = '-';

export interface PlannedCounter {
  readonly kind: CounterKind;
  readonly measure: Measure | 'connections';
  /** Span; for leases the longest age. */
  readonly sizeMs: number;
  readonly limit: number;
  /** Most units a single request may ever take. */
  readonly capacity: number;
  readonly shadow: boolean;
  readonly namespaceId: number;
  /** The key up to the scope. */
  readonly keyHead: string;
  /** The key of the whole namespace: made once, as most requests use it. */
  readonly namespaceKey: string;
  /** What admit.lua reads per key: kind, shadow, size, limit. */
  readonly shape: string;
  readonly kindArg: string;
  readonly sizeArg: string;
  readonly limitArg: string;
}

type CounterShape = Pick<PlannedCounter, 'kind' | 'measure' | 'sizeMs' | 'limit' | 'keyHead'>;

export class CounterPlanner {
  private readonly plans = new WeakMap<CompiledLimit, readonly PlannedCounter[]>();

  constructor(private readonly keyPrefix: string) {}

  /** The lease set first, then the spans. A limit belongs to one namespace. */
  of(limit: CompiledLimit, namespaceId: number): readonly PlannedCounter[] {
    const known = this.plans.get(limit);
    if (known !== undefined && (known[0]?.namespaceId ?? namespaceId) === namespaceId) return known;
    const plan = this.plan(limit, namespaceId);
    this.plans.set(limit, plan);
    return plan;
  }

  private plan(limit: CompiledLimit, namespaceId: number): PlannedCounter[] {
    const { ruleId, lease } = limit;
    const shapes = new Map<string, CounterShape>();
    if (lease !== null) {
      const keyHead = this.keyPrefix + counterKeys.leases(namespaceId, ruleId, '');
      const { maxAgeMs: sizeMs, maxConnections } = lease;
      shapes.set(keyHead, {
        kind: KIND.lease,
        measure: 'connections',
        sizeMs,
        limit: maxConnections,
        keyHead,
      });
    }
    for (const span of limit.spans) {
      const keyHead = this.keyPrefix + counterKeys.window(namespaceId, ruleId, spanName(span), '');
      // Two caps over one span share a counter: the lower one decides.
      const lower = Math.min(span.limit, shapes.get(keyHead)?.limit ?? Infinity);
      const { measure, spanMs: sizeMs, algorithm } = span;
      shapes.set(keyHead, { kind: KIND[algorithm], measure, sizeMs, limit: lower, keyHead });
    }
    const shadow = limit.mode === 'shadow';
    return [...shapes.values()].map((shape) => complete(shape, shadow, namespaceId));
  }
}

/** Part of the key. Without the limit's value, so that editing it keeps what was consumed. */
const spanName = ({ measure, spanMs, algorithm }: SpanLimit): string =>
  `${measure}-${spanMs}-${algorithm}`;

function complete(shape: CounterShape, shadow: boolean, namespaceId: number): PlannedCounter {
  const { kind, sizeMs, limit, keyHead } = shape;
  return {
    ...shape,
    capacity: capacityOf(kind, limit),
    shadow,
    namespaceId,
    namespaceKey: keyHead + WHOLE_NAMESPACE,
    shape: `${kind} ${shadow ? 1 : 0} ${sizeMs} ${limit}`,
    kindArg: String(kind),
    sizeArg: String(sizeMs),
    limitArg: String(limit),
  };
}

export const counterKey = (plan: PlannedCounter, scope: string): string =>
  scope === WHOLE_NAMESPACE ? plan.namespaceKey : plan.keyHead + scope;

/** A leaky bucket holds a tenth of the limit, at least one unit; all others the limit. */
function capacityOf(kind: CounterKind, limit: number): number {
  if (kind !== KIND.leaky_bucket) return limit;
  return Math.min(limit, Math.max(1, Math.floor(limit / 10)));
}

/** Units a request takes of a measure. */
export function costOf(
  measure: PlannedCounter['measure'],
  inputTokens: number,
  outputTokens: number,
): number {
  switch (measure) {
    case 'input_tokens':
      return inputTokens;
    case 'output_tokens':
      return outputTokens;
    case 'total_tokens':
      return inputTokens + outputTokens;
    case 'requests':
    case 'connections':
      return 1;
  }
}
