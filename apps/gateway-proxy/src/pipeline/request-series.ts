/**
 * What requests of one kind (same tenant, route, outcome …) add up to between two scrapes. A
 * request costs one look-up and a few additions; prom-client, whose every increment hashes its
 * labels, is told when somebody asks.
 */
import type { GatewayMetrics } from '../metrics.js';
import type { SettledTokens } from './settled-tokens.js';

/** Label values that tell requests apart. */
export interface RequestKind {
  readonly namespace: string;
  readonly route: string;
  readonly method: string;
  readonly codeClass: string;
  readonly outcome: string;
  readonly model: string;
  readonly tokenSource: string;
  /** Null: nothing was sent to one. */
  readonly upstream: string | null;
  /** Null: the gateway made no error. */
  readonly errorReason: string | null;
  /** Null: no rule refused. */
  readonly ruleType: string | null;
}

type HistogramChild = ReturnType<GatewayMetrics['duration']['labels']>;

export class RequestSeries {
  readonly duration: HistogramChild;
  readonly firstByte: HistogramChild;
  private requests = 0;
  private readonly tokens = { input: 0, output: 0, cached_input: 0, reasoning: 0 };

  constructor(
    private readonly kind: RequestKind,
    private readonly metrics: GatewayMetrics,
  ) {
    this.duration = metrics.duration.labels(kind.route);
    this.firstByte = metrics.firstByte.labels(kind.route);
  }

  add(tokens: SettledTokens): void {
    this.requests += 1;
    this.tokens.input += tokens.input;
    this.tokens.output += tokens.output;
    this.tokens.cached_input += tokens.cachedInput;
    this.tokens.reasoning += tokens.reasoning;
  }

  /** Hands what has come together since the last time to the metrics. */
  flush(): void {
    const { requests, kind, metrics } = this;
    if (requests === 0) return;
    this.requests = 0;
    const { namespace, route, method, codeClass, outcome, upstream, errorReason, ruleType } = kind;
    metrics.requests.labels(namespace, route, method, codeClass, outcome).inc(requests);
    metrics.settlements.labels(outcome).inc(requests);
    if (upstream !== null) metrics.upstreamRequests.labels(upstream, codeClass).inc(requests);
    if (errorReason !== null) metrics.errors.labels(errorReason).inc(requests);
    if (errorReason !== null && ruleType !== null) {
      metrics.refusals.labels(namespace, ruleType, errorReason, 'enforce').inc(requests);
    }
    this.flushTokens();
  }

  private flushTokens(): void {
    const { namespace, model, tokenSource } = this.kind;
    for (const type of ['input', 'output', 'cached_input', 'reasoning'] as const) {
      const amount = this.tokens[type];
      if (amount === 0) continue;
      this.tokens[type] = 0;
      this.metrics.tokens.labels(namespace, model, type, tokenSource).inc(amount);
    }
  }
}
