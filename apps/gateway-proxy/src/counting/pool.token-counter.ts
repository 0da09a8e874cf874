/**
 * Counts in this process, on threads: no prompt holds up the event loop, which never loads a
 * vocabulary either. What cannot be counted in time is charged by its bound.
 */
import type { CalculateRequest } from '@ai-gateway/contracts';
import { upperBoundTokens, type ModelRule, type TokenPool } from '@ai-gateway/tokenizer';
import type { GatewayMetrics } from '../metrics.js';
import type { RequestContext } from '../pipeline/request-context.js';
import type { RunningTable } from '../pipeline/running-table.js';
import {
  countAttachments,
  countedRequest,
  modelName,
  textsWithin,
  tokenIdsWithin,
} from './counted-request.js';
import type { CountedInput } from './counted-input.js';
import { SETTLEMENT_BUDGET_MS, type TokenCounter } from './token-counter.port.js';

/** More than any family adds per message: role, separators, name. */
const OVERHEAD_PER_MESSAGE = 8;

export class PoolTokenCounter implements TokenCounter {
  constructor(
    private readonly pool: TokenPool,
    private readonly metrics: GatewayMetrics,
  ) {}

  upperBound(ctx: RequestContext): number {
    const fields = ctx.body as Record<string, unknown>;
    return upperBoundTokens(ctx.bodyBytes?.length ?? 0, ctx.llm?.messageCount ?? 0, {
      attachments: countAttachments(fields.messages),
      hasTools: fields.tools !== undefined || fields.functions !== undefined,
    });
  }

  async countInput(ctx: RequestContext, budgetMs: number): Promise<CountedInput> {
    const counted = await this.counted(ctx, budgetMs);
    this.metrics.countMethods.inc({ method: counted.method });
    return counted;
  }

  async countTexts(ctx: RequestContext, texts: readonly string[]): Promise<number> {
    const prompt = texts.join('');
    const rule = ruleOf(ctx);
    const body = { model: modelName(ctx), prompt };
    const units = prompt.length;
    const budgetMs = SETTLEMENT_BUDGET_MS;
    const outcome = await this.pool.count({ body, rule, budgetMs, units });
    if (outcome.status === 'counted') return outcome.answer.tokens.input;
    return raised(Buffer.byteLength(prompt), rule);
  }

  /** Has the vocabularies of the configured models loaded before they are needed. */
  async prepare({ modelList, tokenModels }: RunningTable): Promise<void> {
    const encodings = modelList.map(({ name }) => tokenModels.ruleOf(name).encoding);
    if (encodings.length > 0) await this.pool.load([...new Set(encodings)]);
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  private async counted(ctx: RequestContext, budgetMs: number): Promise<CountedInput> {
    const request = countedRequest(ctx);
    const rule = ruleOf(ctx);
    const body = request ?? bodyOfTexts(ctx);
    const units = ctx.bodyBytes?.length ?? 0;
    const outcome = await this.pool.count({ body, rule, budgetMs, units });
    if (outcome.status !== 'counted') {
      return { tokens: raised(this.upperBound(ctx), rule), method: 'estimate' };
    }
    const { tokens, method } = outcome.answer;
    if (request !== null) return { tokens: tokens.input, method };
    return { tokens: tokens.input + overheadOf(ctx), method: 'estimate' };
  }
}

const ruleOf = (ctx: RequestContext): ModelRule => ctx.table.tokenModels.ruleOf(modelName(ctx));

/** Estimates for models that make more tokens than their stand-in's vocabulary does. */
const raised = (tokens: number, { factor }: ModelRule): number =>
  Math.ceil(tokens * Math.max(1, factor));

/** A form that the tokenizer's contract does not know: every text in it, and the overhead. */
function bodyOfTexts(ctx: RequestContext): CalculateRequest {
  const { messages, prompt, input, system, tools } = ctx.body as Record<string, unknown>;
  const texts = textsWithin([messages, prompt, input, system, tools]);
  return { model: modelName(ctx), prompt: texts };
}

function overheadOf(ctx: RequestContext): number {
  const { prompt, input } = ctx.body as Record<string, unknown>;
  const ids = tokenIdsWithin(prompt) + tokenIdsWithin(input);
  return ids + (ctx.llm?.messageCount ?? 0) * OVERHEAD_PER_MESSAGE;
}
