/**
 * Counts in this process. Small requests are counted at once and exactly; large ones in slices
 * between which other requests run, so that no prompt holds up the event loop. A cut may split a
 * token in two, so a sliced count errs high by at most a few tokens per slice.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { countRequest, countText, upperBoundTokens } from '@ai-gateway/tokenizer';
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
const SLICE_CHARS = 16_384;
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
    const isSmall = (ctx.bodyBytes?.length ?? 0) <= WHOLE_BYTES;
    const request = isSmall ? countedRequest(ctx) : null;
    if (request === null) return this.countSliced(ctx);
    const { tokens, method } = countRequest(request);
    this.metrics.countMethods.inc({ method });
    return tokens.input;
  }

  async countTexts(model: string, texts: readonly string[]): Promise<number> {
    let tokens = 0;
    const text = texts.join('');
    for (let from = 0; from < text.length; from += SLICE_CHARS) {
      if (from > 0) await nextTurn();
      tokens += countText(model, text.slice(from, from + SLICE_CHARS)).tokens;
    }
    return tokens;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private async countSliced(ctx: RequestContext): Promise<number> {
    this.metrics.countMethods.inc({ method: 'sliced' });
    const { messages, prompt, input, system, tools } = ctx.body as Record<string, unknown>;
    const texts = textsWithin([messages, prompt, input, system, tools]);
    const ids = tokenIdsWithin(prompt) + tokenIdsWithin(input);
    const overhead = (ctx.llm?.messageCount ?? 0) * OVERHEAD_PER_MESSAGE;
    return ids + overhead + (await this.countTexts(modelName(ctx), texts));
  }
}
