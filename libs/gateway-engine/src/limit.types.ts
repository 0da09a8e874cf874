/**
 * Limits as the runtime sees them: compiled from rules (and routes) once per revision, applied by
 * the admission adapter. Pure data, so that every implementation decides from the same values.
 */
import type {
  RequestAlgorithm,
  RuleMode,
  RuleScope,
  StoreFailurePolicy,
} from '@ai-gateway/contracts';

export type Measure = 'requests' | 'input_tokens' | 'output_tokens' | 'total_tokens';

/** At most `limit` units of `measure` within `spanMs`. */
export interface SpanLimit {
  readonly measure: Measure;
  readonly spanMs: number;
  readonly limit: number;
  readonly algorithm: RequestAlgorithm;
}

/** At most `maxConnections` requests in flight; a lease older than `maxAgeMs` is not renewed. */
export interface LeaseLimit {
  readonly maxConnections: number;
  readonly maxAgeMs: number;
}

export interface CompiledLimit {
  /**
   * `<rule_id>` for a namespace's own rule, `p<policy_id>-<rule_no>` for an inherited one,
   * `route-<route_id>` for the limit of a route; part of counter keys.
   */
  readonly ruleId: string;
  readonly ruleName: string;
  readonly ruleType: 'connection_limit' | 'request_limit' | 'token_limit';
  readonly priority: number;
  readonly per: RuleScope;
  readonly mode: RuleMode;
  readonly onStoreFailure: StoreFailurePolicy;
  /** Null: every model. */
  readonly appliesToModel: ((model: string) => boolean) | null;
  readonly lease: LeaseLimit | null;
  readonly spans: readonly SpanLimit[];
  readonly maxInputTokensPerRequest: number | null;
  readonly maxOutputTokensPerRequest: number | null;
}
