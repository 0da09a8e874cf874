/**
 * Step 9: exactly one terminal record per request. Reported usage wins; what was not reported is
 * counted from what was delivered. Charges are corrected, leases released, and the record written.
 */
import type { EndState } from '@ai-gateway/contracts';
import { SETTLEMENT_BUDGET_MS } from '../counting/token-counter.port.js';
import type { Gateway } from './gateway.js';
import type { Metered } from './metering.js';
import type { RequestContext } from './request-context.js';
import { NO_TOKENS, type SettledTokens } from './settled-tokens.js';

export async function settle(ctx: RequestContext, gateway: Gateway): Promise<void> {
  let tokens = NO_TOKENS;
  try {
    tokens = await settledTokens(ctx, gateway);
  } catch (err) {
    gateway.logger.error({ err, request_id: ctx.requestId }, 'usage could not be counted');
  }
  if (ctx.reservation !== null) {
    gateway.admission.settle(ctx.reservation, {
      inputTokens: tokens.input,
      outputTokens: tokens.output,
    });
  }
  if (ctx.endState === 'complete_reported' && tokens.source === 'estimated') {
    ctx.endState = 'complete_estimated';
  }
  gateway.recorder.record(ctx, tokens);
}

/** States in which an upstream may have begun to work on the request. */
const UPSTREAM_WORKED: ReadonlySet<EndState> = new Set<EndState>([
  'client_gone',
  'upstream_error',
  'complete_reported',
]);

async function settledTokens(ctx: RequestContext, gateway: Gateway): Promise<SettledTokens> {
  const isLlm = ctx.llm !== null && ctx.destination !== null;
  if (!isLlm || ctx.statusCode >= 400 || !UPSTREAM_WORKED.has(ctx.endState)) return NO_TOKENS;
  const metered = ctx.metering?.result() ?? null;
  const usage = metered?.usage ?? null;
  const isReported = isWholeUsage(metered);
  const input = usage?.inputTokens ?? (await countedInput(ctx, gateway));
  if (typeof usage?.inputTokens === 'number') gateway.drift.reported(ctx, usage.inputTokens);
  const output = isReported
    ? (usage?.outputTokens ?? 0)
    : await deliveredTokens(ctx, gateway, metered);
  return {
    input,
    output,
    cachedInput: usage?.cachedInputTokens ?? 0,
    reasoning: usage?.reasoningTokens ?? 0,
    source: isReported ? 'reported' : 'estimated',
  };
}

async function countedInput(ctx: RequestContext, gateway: Gateway): Promise<number> {
  const { tokenCounter } = gateway;
  if (ctx.countedInput?.method !== 'exact') {
    ctx.countedInput = await tokenCounter.countInput(ctx, SETTLEMENT_BUDGET_MS);
  }
  return ctx.countedInput.tokens;
}

function isWholeUsage(metered: Metered | null): boolean {
  if (metered?.complete !== true || metered.usage === null) return false;
  return metered.usage.inputTokens !== null && metered.usage.outputTokens !== null;
}

/** Bytes that were not kept count as a token each: never for free. */
async function deliveredTokens(
  ctx: RequestContext,
  gateway: Gateway,
  metered: Metered | null,
): Promise<number> {
  if (metered === null) return 0;
  const { texts } = metered;
  const counted = texts.length === 0 ? 0 : await gateway.tokenCounter.countTexts(ctx, texts);
  return counted + metered.uncountedBytes;
}
