import { aPolicyRule, type RuleOverrides } from '@ai-gateway/testing';
import { describe, expect, it } from 'vitest';
import { ruleLines } from './rule-lines.js';

describe('a rule in words', () => {
  it.each<[RuleOverrides, string[]]>([
    [{ rule_type: 'connection_limit', rule_config: { max_connections: 50 } }, ['50 connections']],
    [
      {
        rule_type: 'request_limit',
        rule_config: { max_requests_per_hour: 100, max_requests_per_day: 1000 },
      },
      ['100 requests per hour', '1000 requests per day'],
    ],
    [
      {
        rule_type: 'token_limit',
        rule_config: {
          max_tokens_per_hour: 5,
          spans: [{ span_seconds: 600, max_output_tokens: 3 }],
          max_input_tokens_per_request: 7,
        },
      },
      ['5 tokens per hour', '3 output tokens per 600 seconds', '7 input tokens per request'],
    ],
    [
      {
        rule_type: 'field_check',
        rule_config: { field_path: 'body.max_tokens', operator: 'lte', value: 4096 },
      },
      ['body.max_tokens lte 4096'],
    ],
    [
      {
        rule_type: 'connection_limit',
        rule_config: { max_connections: 5 },
        per: 'api_key',
        models: ['gpt-*'],
        mode: 'shadow',
        status: 0,
      },
      ['5 connections (per api_key; for gpt-*; shadow; disabled)'],
    ],
  ])('%j', (rule, lines) => {
    expect(ruleLines(aPolicyRule(1, rule))).toEqual(lines);
  });
});
