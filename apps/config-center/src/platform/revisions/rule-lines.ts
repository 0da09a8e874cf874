/** A rule in words, one line per cap, as the documented copy of a policy shows it. */
import type {
  FieldCheckConfig,
  PolicyRule,
  RequestLimitConfig,
  TokenLimitConfig,
} from '@ai-gateway/contracts';

export function ruleLines(rule: PolicyRule): string[] {
  const suffix = circumstances(rule);
  return caps(rule).map((cap) => cap + suffix);
}

function caps(rule: PolicyRule): string[] {
  switch (rule.rule_type) {
    case 'connection_limit':
      return [`${rule.rule_config.max_connections} connections`];
    case 'request_limit':
      return requestCaps(rule.rule_config);
    case 'token_limit':
      return tokenCaps(rule.rule_config);
    case 'field_check':
      return [fieldCheck(rule.rule_config)];
  }
}

const requestCaps = (config: RequestLimitConfig): string[] => [
  ...cap(config.max_requests_per_second, 'requests per second'),
  ...cap(config.max_requests_per_minute, 'requests per minute'),
  ...cap(config.max_requests_per_hour, 'requests per hour'),
  ...cap(config.max_requests_per_day, 'requests per day'),
];

const tokenCaps = (config: TokenLimitConfig): string[] => [
  ...cap(config.max_tokens_per_hour, `tokens per ${spanName(config.window_size ?? 3600)}`),
  ...cap(config.max_tokens_per_day, 'tokens per day'),
  ...(config.spans ?? []).flatMap((span) => {
    const per = `per ${spanName(span.span_seconds)}`;
    return [
      ...cap(span.max_input_tokens, `input tokens ${per}`),
      ...cap(span.max_output_tokens, `output tokens ${per}`),
      ...cap(span.max_total_tokens, `tokens ${per}`),
    ];
  }),
  ...cap(config.max_input_tokens_per_request, 'input tokens per request'),
  ...cap(config.max_output_tokens_per_request, 'output tokens per request'),
];

const cap = (limit: number | undefined, what: string): string[] =>
  limit === undefined ? [] : [`${limit} ${what}`];

function fieldCheck({ field_path: path, operator, value }: FieldCheckConfig): string {
  return value === undefined
    ? `${path} ${operator}`
    : `${path} ${operator} ${JSON.stringify(value)}`;
}

const SPAN_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'second'],
  [60, 'minute'],
  [3600, 'hour'],
  [86_400, 'day'],
]);
const spanName = (seconds: number): string => SPAN_NAMES.get(seconds) ?? `${seconds} seconds`;

/** What is not as usual. */
function circumstances({ per, models, mode, status }: PolicyRule): string {
  const words = [
    ...(per === 'namespace' ? [] : [`per ${per}`]),
    ...(models === null ? [] : [`for ${models.join(', ')}`]),
    ...(mode === 'shadow' ? ['shadow'] : []),
    ...(status === 0 ? ['disabled'] : []),
  ];
  return words.length === 0 ? '' : ` (${words.join('; ')})`;
}
