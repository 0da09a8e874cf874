/**
 * Counts in this process. Small requests are counted at once, large ones in slices between which
 * other requests run, so that no prompt holds up the event loop. Both are exact.
 */
import {
  countRequest,
  countRequestInSlices,
  countTextInSlices,
  upperBoundTokens,
} from '@ai-gateway/tokenizer';
import type { GatewayMetrics } from '../metrics.js';
import type { RequestContext } from '../pipeline/request-context.js';
import {
  countAttachments,
  countedRequest,
  modelName,
  textsWithin,
  tokenIdsWithin,
} from './counted-request.js';
import type { TokenCounter } from './token-counter.port.js';

const WHOLE_BYTES = 32_768;
/** More than any family adds per message: role, separators, name. */
const OVERHEAD_PER_MESSAGE = 8;

export class LocalTokenCounter implements TokenCounter {
  constructor(private readonly metrics: GatewayMetrics) {}

  upperBound(ctx: RequestContext): number {
    const fields = ctx.body as Record<string, unknown>;
    return upperBoundTokens(ctx.bodyBytes?.length ?? 0, ctx.llm?.messageCount ?? 0, {
      attachments: countAttachments(fields.messages),
      hasTools: fields.tools !== undefined || fields.functions !== undefined,
    });
  }

  async countInput(ctx: RequestContext): Promise<number> {
    const request = countedRequest(ctx);
    if (request === null) return this.countTextsWithin(ctx);
    const isSmall = (ctx.bodyBytes?.length ?? 0) <= WHOLE_BYTES;
    const { tokens, method } = isSmall
      ? countRequest(request)
      : await countRequestInSlices(request);
    this.metrics.countMethods.inc({ method });
    return tokens.input;
  }

  async countTexts(model: string, texts: readonly string[]): Promise<number> {
    return (await countTextInSlices(model, texts.join(''))).tokens;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** A form that the tokenizer's contract does not know: every text in it, and the overhead. */
  private async countTextsWithin(ctx: RequestContext): Promise<number> {
    this.metrics.countMethods.inc({ method: 'estimate' });
    const { messages, prompt, input, system, tools } = ctx.body as Record<string, unknown>;
    const texts = textsWithin([messages, prompt, input, system, tools]);
    const ids = tokenIdsWithin(prompt) + tokenIdsWithin(input);
    const overhead = (ctx.llm?.messageCount ?? 0) * OVERHEAD_PER_MESSAGE;
    return ids + overhead + (await countTextInSlices(modelName(ctx), texts)).tokens;
  }
}
