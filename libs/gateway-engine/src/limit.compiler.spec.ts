import type { RequestLimitConfig, TokenLimitConfig } from '@ai-gateway/contracts';
import { describe, expect, it } from 'vitest';
import { route, rule } from './config.samples.js';
import { compileLimit, compileRouteLimit, type LimitRuleConfig } from './limit.compiler.js';

const compiled = (...sample: Parameters<typeof rule>) =>
  compileLimit(rule(...sample) as LimitRuleConfig, String(sample[0]));

const requestSpans = (config: RequestLimitConfig) =>
  compiled(1, { rule_type: 'request_limit', rule_config: config }).spans;

const tokenSpans = (config: TokenLimitConfig) =>
  compiled(1, { rule_type: 'token_limit', rule_config: config }).spans;

const total = { measure: 'total_tokens', algorithm: 'sliding_window' } as const;

describe('connection limits', () => {
  it('become a lease whose age window_size caps', () => {
    const limit = compiled(
      4,
      { rule_type: 'connection_limit', rule_config: { max_connections: 0, window_size: 60 } },
      { priority: 7, per: 'api_key', mode: 'shadow', on_store_failure: 'closed' },
    );
    expect(limit).toEqual({
      ruleId: '4',
      ruleName: 'rule 4',
      ruleType: 'connection_limit',
      priority: 7,
      per: 'api_key',
      mode: 'shadow',
      onStoreFailure: 'closed',
      appliesToModel: null,
      lease: { maxConnections: 0, maxAgeMs: 60_000 },
      spans: [],
      maxInputTokensPerRequest: null,
      maxOutputTokensPerRequest: null,
    });
  });

  it('age a day at most without window_size', () => {
    const limit = compiled(1, {
      rule_type: 'connection_limit',
      rule_config: { max_connections: 5 },
    });
    expect(limit.lease).toEqual({ maxConnections: 5, maxAgeMs: 86_400_000 });
  });
});

describe('request limits', () => {
  it('slide, except per second, which is a token bucket', () => {
    const config = {
      max_requests_per_second: 1,
      max_requests_per_minute: 2,
      max_requests_per_hour: 3,
      max_requests_per_day: 0,
    };
    expect(requestSpans(config)).toEqual([
      { measure: 'requests', spanMs: 1_000, limit: 1, algorithm: 'token_bucket' },
      { measure: 'requests', spanMs: 60_000, limit: 2, algorithm: 'sliding_window' },
      { measure: 'requests', spanMs: 3_600_000, limit: 3, algorithm: 'sliding_window' },
      { measure: 'requests', spanMs: 86_400_000, limit: 0, algorithm: 'sliding_window' },
    ]);
  });

  it('keep the algorithm they name', () => {
    const spans = requestSpans({ max_requests_per_second: 1, algorithm: 'fixed_window' });
    expect(spans.map(({ algorithm }) => algorithm)).toEqual(['fixed_window']);
  });
});

describe('token limits', () => {
  it('take the hour from window_size and the day as it is', () => {
    expect(tokenSpans({ max_tokens_per_hour: 5 })).toEqual([
      { ...total, spanMs: 3_600_000, limit: 5 },
    ]);
    expect(tokenSpans({ max_tokens_per_hour: 5, max_tokens_per_day: 9, window_size: 600 })).toEqual(
      [
        { ...total, spanMs: 600_000, limit: 5 },
        { ...total, spanMs: 86_400_000, limit: 9 },
      ],
    );
  });

  it('make one span of every cap', () => {
    const spans = tokenSpans({
      spans: [
        { span_seconds: 600, max_input_tokens: 1, max_output_tokens: 2, max_total_tokens: 3 },
        { span_seconds: 1_200, max_output_tokens: 4 },
      ],
    });
    expect(spans.map(({ measure, spanMs, limit }) => [measure, spanMs, limit])).toEqual([
      ['input_tokens', 600_000, 1],
      ['output_tokens', 600_000, 2],
      ['total_tokens', 600_000, 3],
      ['output_tokens', 1_200_000, 4],
    ]);
  });

  it('keep the strictest of caps that would share a counter', () => {
    const hour = { span_seconds: 3_600, max_total_tokens: 3 };
    expect(tokenSpans({ max_tokens_per_hour: 5, spans: [hour] })).toEqual([
      { ...total, spanMs: 3_600_000, limit: 3 },
    ]);
    expect(tokenSpans({ max_tokens_per_hour: 2, spans: [hour] })).toEqual([
      { ...total, spanMs: 3_600_000, limit: 2 },
    ]);
  });

  it('may hold single requests only', () => {
    const limit = compiled(1, {
      rule_type: 'token_limit',
      rule_config: { max_input_tokens_per_request: 10, max_output_tokens_per_request: 0 },
    });
    expect(limit).toMatchObject({
      spans: [],
      maxInputTokensPerRequest: 10,
      maxOutputTokensPerRequest: 0,
    });
  });
});

describe('the models of a limit', () => {
  const appliesTo = (models: string[] | null) =>
    compiled(
      1,
      { rule_type: 'request_limit', rule_config: { max_requests_per_day: 1 } },
      { models },
    ).appliesToModel;

  it.each([
    [['gpt-4o'], 'gpt-4o', true],
    [['gpt-4o'], 'gpt-4o-mini', false],
    [['gpt-4*', 'o3'], 'gpt-4o-mini', true],
    [['gpt-4*', 'o3'], 'o3', true],
    [['gpt-4*', 'o3'], 'xgpt-4', false],
    [[], 'o3', false],
  ])('%j applies to %s: %s', (models, model, expected) => {
    expect(appliesTo(models)?.(model)).toBe(expected);
  });

  it('are all when none are named or a lone star is', () => {
    expect(appliesTo(null)).toBeNull();
    expect(appliesTo(['gpt-4o', '*'])).toBeNull();
  });
});

describe('the limit of a route', () => {
  it('counts requests per minute over all callers', () => {
    expect(compileRouteLimit(route(3, { rate_limit_rpm: 0, priority: 5 }))).toMatchObject({
      ruleId: 'route-3',
      ruleName: 'route 3',
      ruleType: 'request_limit',
      priority: 5,
      per: 'namespace',
      spans: [{ measure: 'requests', spanMs: 60_000, limit: 0, algorithm: 'sliding_window' }],
    });
  });

  it('is none without rate_limit_rpm', () => {
    expect(compileRouteLimit(route(3))).toBeNull();
  });
});
