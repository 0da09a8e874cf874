/** Compiles rules and routes into limits: every cap becomes a span of milliseconds and a measure. */
import type {
  ConnectionLimitConfig,
  RequestLimitConfig,
  RouteConfig,
  TokenLimitConfig,
} from '@ai-gateway/contracts';
import type { CompiledLimit, LeaseLimit, Measure, SpanLimit } from './limit.types.js';
import { compileModelSelector } from './model-selector.js';
import type { RuleTemplate } from './rule-template.types.js';

export type LimitRuleConfig = Exclude<RuleTemplate, { rule_type: 'field_check' }>;

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** @param ruleId what its counters are called by */
export function compileLimit(rule: LimitRuleConfig, ruleId: string): CompiledLimit {
  return {
    ruleId,
    ruleName: rule.rule_name,
    ruleType: rule.rule_type,
    priority: rule.priority,
    per: rule.per,
    mode: rule.mode,
    onStoreFailure: rule.on_store_failure,
    appliesToModel: compileModelSelector(rule.models),
    ...measures(rule),
  };
}

/** `rate_limit_rpm` of a route; null when it has none. */
export function compileRouteLimit(route: RouteConfig): CompiledLimit | null {
  if (route.rate_limit_rpm === null) return null;
  return {
    ruleId: `route-${route.route_id}`,
    ruleName: route.name,
    ruleType: 'request_limit',
    priority: route.priority,
    per: 'namespace',
    mode: 'enforce',
    onStoreFailure: 'share',
    appliesToModel: null,
    ...NOTHING,
    spans: requestSpans({ max_requests_per_minute: route.rate_limit_rpm }),
  };
}

type Measures = Pick<
  CompiledLimit,
  'lease' | 'spans' | 'maxInputTokensPerRequest' | 'maxOutputTokensPerRequest'
>;

const NOTHING: Measures = {
  lease: null,
  spans: [],
  maxInputTokensPerRequest: null,
  maxOutputTokensPerRequest: null,
};

function measures(rule: LimitRuleConfig): Measures {
  switch (rule.rule_type) {
    case 'connection_limit':
      return { ...NOTHING, lease: leaseLimit(rule.rule_config) };
    case 'request_limit':
      return { ...NOTHING, spans: requestSpans(rule.rule_config) };
    case 'token_limit':
      return {
        lease: null,
        spans: tokenSpans(rule.rule_config),
        maxInputTokensPerRequest: rule.rule_config.max_input_tokens_per_request ?? null,
        maxOutputTokensPerRequest: rule.rule_config.max_output_tokens_per_request ?? null,
      };
  }
}

function leaseLimit(config: ConnectionLimitConfig): LeaseLimit {
  const maxAgeMs = config.window_size === undefined ? DAY_MS : config.window_size * SECOND_MS;
  return { maxConnections: config.max_connections, maxAgeMs };
}

/** Requests per second are bursty by nature, so they default to a token bucket. */
function requestSpans(config: RequestLimitConfig): SpanLimit[] {
  const span = (spanMs: number, limit: number | undefined): SpanLimit[] => {
    const usual = spanMs === SECOND_MS ? 'token_bucket' : 'sliding_window';
    return spanOf('requests', spanMs, limit, config.algorithm ?? usual);
  };
  return [
    ...span(SECOND_MS, config.max_requests_per_second),
    ...span(MINUTE_MS, config.max_requests_per_minute),
    ...span(HOUR_MS, config.max_requests_per_hour),
    ...span(DAY_MS, config.max_requests_per_day),
  ];
}

function tokenSpans(config: TokenLimitConfig): SpanLimit[] {
  const hourMs = config.window_size === undefined ? HOUR_MS : config.window_size * SECOND_MS;
  return withoutRepeats([
    ...tokenSpan('total_tokens', hourMs, config.max_tokens_per_hour),
    ...tokenSpan('total_tokens', DAY_MS, config.max_tokens_per_day),
    ...(config.spans ?? []).flatMap((span) => {
      const spanMs = span.span_seconds * SECOND_MS;
      return [
        ...tokenSpan('input_tokens', spanMs, span.max_input_tokens),
        ...tokenSpan('output_tokens', spanMs, span.max_output_tokens),
        ...tokenSpan('total_tokens', spanMs, span.max_total_tokens),
      ];
    }),
  ]);
}

const tokenSpan = (measure: Measure, spanMs: number, limit: number | undefined) =>
  spanOf(measure, spanMs, limit, 'sliding_window');

function spanOf(
  measure: Measure,
  spanMs: number,
  limit: number | undefined,
  algorithm: SpanLimit['algorithm'],
): SpanLimit[] {
  return limit === undefined ? [] : [{ measure, spanMs, limit, algorithm }];
}

/** Spans of one rule that share measure and length share a counter, so the strictest stands for all. */
function withoutRepeats(spans: readonly SpanLimit[]): SpanLimit[] {
  const strictest = new Map<string, SpanLimit>();
  for (const span of spans) {
    const key = `${span.measure}:${span.spanMs}`;
    const known = strictest.get(key);
    if (known === undefined || span.limit < known.limit) strictest.set(key, span);
  }
  return [...strictest.values()];
}
