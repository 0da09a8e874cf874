/** Builders of limits and requests for the tests of this library. */
import type { CompiledLimit, LeaseLimit, SpanLimit } from '@ai-gateway/gateway-engine';
import type { Admitted, AdmitDecision, AdmitRequest, Refused } from './admission.port.js';

export const DAY_MS = 86_400_000;

let rules = 0;

/** A rule of its own per call: tests don't share counters. */
export function limitOf(fields: Partial<CompiledLimit>): CompiledLimit {
  rules += 1;
  const ruleId = `${process.pid}${rules}`;
  return {
    ruleId,
    ruleName: `rule ${ruleId}`,
    ruleType: 'request_limit',
    priority: 100,
    per: 'namespace',
    mode: 'enforce',
    onStoreFailure: 'share',
    appliesToModel: null,
    lease: null,
    spans: [],
    maxInputTokensPerRequest: null,
    maxOutputTokensPerRequest: null,
    ...fields,
  };
}

export const requestSpan = (
  limit: number,
  spanMs = DAY_MS,
  algorithm: SpanLimit['algorithm'] = 'sliding_window',
): SpanLimit => ({ measure: 'requests', spanMs, limit, algorithm });

export const tokenSpan = (
  limit: number,
  measure: SpanLimit['measure'] = 'total_tokens',
  spanMs = DAY_MS,
): SpanLimit => ({ measure, spanMs, limit, algorithm: 'sliding_window' });

export const requestLimit = (limit: number, fields: Partial<CompiledLimit> = {}): CompiledLimit =>
  limitOf({ spans: [requestSpan(limit)], ...fields });

export const tokenLimit = (limit: number, fields: Partial<CompiledLimit> = {}): CompiledLimit =>
  limitOf({ ruleType: 'token_limit', spans: [tokenSpan(limit)], ...fields });

export const connectionLimit = (
  lease: Partial<LeaseLimit>,
  fields: Partial<CompiledLimit> = {},
): CompiledLimit =>
  limitOf({
    ruleType: 'connection_limit',
    lease: { maxConnections: 1, maxAgeMs: 3_600_000, ...lease },
    ...fields,
  });

export const requestFor = (
  limits: readonly CompiledLimit[],
  fields: Partial<AdmitRequest> = {},
): AdmitRequest => ({
  requestId: 'same-for-all',
  namespaceId: 1,
  limits: limits.map((limit) => ({ limit, scope: '-' })),
  inputTokens: 0,
  outputTokens: 0,
  ...fields,
});

export function admitted(decision: AdmitDecision): Admitted {
  if (!decision.allowed) throw new Error(`refused by ${decision.refusal?.applied.limit.ruleName}`);
  return decision;
}

export function refused(decision: AdmitDecision): Refused {
  if (decision.allowed) throw new Error('admitted');
  return decision;
}
