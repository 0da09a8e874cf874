/**
 * Step 5: connections, requests and tokens of all rules in one decision. Input is reserved by an
 * upper bound that needs no tokenizer; only a request the bound would refuse is counted exactly.
 */
import type { AdmitDecision, AdmitRequest, AppliedLimit, LimitState } from '@ai-gateway/admission';
import type { ClientErrorReason } from '@ai-gateway/contracts';
import {
  applicableLimits,
  type CompiledLimit,
  type LimitDimensions,
} from '@ai-gateway/gateway-engine';
import { ADMISSION_BUDGET_MS } from '../counting/token-counter.port.js';
import type { Gateway } from './gateway.js';
import { refuse, type Refusal } from './refusal.js';
import type { RequestContext } from './request-context.js';

export async function admit(ctx: RequestContext, gateway: Gateway): Promise<Refusal | null> {
  const limits = appliedLimits(ctx);
  if (limits.length === 0 || ctx.namespace === null) return null;
  const input = new InputTokens(ctx, gateway);
  const refusal = await refuseByRequestCaps(ctx, limits, input);
  if (refusal !== null) return refusal;
  const request = { requestId: ctx.requestId, namespaceId: ctx.namespace.id, limits };
  const decision = await decide(request, gateway, input);
  ctx.decision = decision;
  if (!decision.allowed) return refusalOf(decision, ctx);
  ctx.reservation = decision.reservation;
  for (const state of decision.shadowRefusals) {
    const { ruleType, ruleName } = state.applied.limit;
    gateway.recorder.shadowRefusal(ctx.namespace.code, ruleType, ruleName);
  }
  return null;
}

async function decide(
  request: Pick<AdmitRequest, 'requestId' | 'namespaceId' | 'limits'>,
  gateway: Gateway,
  input: InputTokens,
): Promise<AdmitDecision> {
  const { upperBound } = input;
  const decision = await gateway.admission.admit({
    ...request,
    inputTokens: upperBound,
    outputTokens: 0,
  });
  if (decision.allowed || !isAboutTokens(decision.refusal)) return decision;
  const exact = await input.count();
  if (exact >= upperBound) return decision;
  return gateway.admission.admit({ ...request, inputTokens: exact, outputTokens: 0 });
}

const isAboutTokens = (state: LimitState | null): boolean =>
  state !== null && state.measure !== 'connections' && state.measure !== 'requests';

/** The input's tokens: a bound at once, the count when it decides, at most once. */
class InputTokens {
  readonly upperBound: number;

  constructor(
    private readonly ctx: RequestContext,
    private readonly gateway: Gateway,
  ) {
    this.upperBound = ctx.llm === null ? 0 : gateway.tokenCounter.upperBound(ctx);
  }

  async count(): Promise<number> {
    if (this.ctx.llm === null) return 0;
    const { ctx, gateway } = this;
    ctx.countedInput ??= await gateway.tokenCounter.countInput(ctx, ADMISSION_BUDGET_MS);
    return ctx.countedInput.tokens;
  }
}

function appliedLimits(ctx: RequestContext): readonly AppliedLimit[] {
  const { namespace, destination } = ctx;
  const routeLimit = destination?.limit ?? null;
  if (namespace === null || (namespace.limits.length === 0 && routeLimit === null))
    return NO_LIMITS;
  const limits = applicableLimits(namespace.limits, routeLimit, dimensionsOf(ctx));
  // A plain service has no model tokens to count.
  return ctx.llm === null ? limits.filter(({ limit }) => limit.ruleType !== 'token_limit') : limits;
}

const NO_LIMITS: readonly AppliedLimit[] = [];

function dimensionsOf(ctx: RequestContext): LimitDimensions {
  return {
    apiKeyId: ctx.principal?.id ?? null,
    ip: ctx.clientAddress,
    user: ctx.llm?.user ?? null,
    model: ctx.destination?.model?.name ?? ctx.llm?.model ?? null,
    routeId: ctx.destination?.routeId ?? null,
  };
}

/** Caps on a single request: input is refused above, output is held to the cap when forwarded. */
async function refuseByRequestCaps(
  ctx: RequestContext,
  limits: readonly AppliedLimit[],
  input: InputTokens,
): Promise<Refusal | null> {
  for (const { limit } of limits) {
    const { maxInputTokensPerRequest: maxInput, maxOutputTokensPerRequest: maxOutput } = limit;
    if (limit.mode === 'shadow') continue;
    if (maxOutput !== null) ctx.outputCap = Math.min(ctx.outputCap ?? maxOutput, maxOutput);
    if (maxInput === null || input.upperBound <= maxInput) continue;
    const tokens = await input.count();
    if (tokens <= maxInput) continue;
    const message = `The prompt has ${tokens} tokens; rule "${limit.ruleName}" admits ${maxInput}.`;
    return refuse('prompt_exceeds_limit', { message, rule: ruleOf(limit) });
  }
  return null;
}

const ruleOf = (limit: CompiledLimit) => ({
  id: limit.ruleId,
  name: limit.ruleName,
  type: limit.ruleType,
});

const REASONS = {
  connection_limit: 'concurrency_limit_exceeded',
  request_limit: 'rate_limit_exceeded',
  token_limit: 'token_limit_exceeded',
} as const satisfies Record<CompiledLimit['ruleType'], ClientErrorReason>;

const LEASE_RETRY_MS = 1000;

function refusalOf(decision: AdmitDecision & { allowed: false }, ctx: RequestContext): Refusal {
  const { refusal: state } = decision;
  if (state === null) return refuse('limiter_unavailable', { retryAfterMs: 1000 });
  const { limit } = state.applied;
  const rule = ruleOf(limit);
  const who = `Rule "${limit.ruleName}" of namespace "${ctx.namespace?.code ?? ''}"`;
  if (decision.neverFits) {
    const message = `${who} admits ${amountOf(state)}; the prompt alone is larger.`;
    return refuse('prompt_exceeds_limit', { message, rule });
  }
  const isLease = state.measure === 'connections';
  return refuse(REASONS[limit.ruleType], {
    message: `${who} admits ${amountOf(state)}; ${state.remaining} left.`,
    rule,
    retryAfterMs: isLease ? LEASE_RETRY_MS : state.resetMs,
  });
}

/** `2 requests per 60 s`, `1000 total tokens per 600 s`, `10 requests in flight`. */
function amountOf({ applied, measure, limit }: LimitState): string {
  if (measure === 'connections') return `${limit} requests in flight`;
  const span = applied.limit.spans.find((one) => one.measure === measure && one.limit === limit);
  const per = span === undefined ? '' : ` per ${span.spanMs / 1000} s`;
  return `${limit} ${measure.replace('_', ' ')}${per}`;
}
