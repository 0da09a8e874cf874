/** Counts a request's tokens for admission and settlement. */
import type { RequestContext } from '../pipeline/request-context.js';

export interface TokenCounter {
  /** Never below the true count; costs no tokenizing. */
  upperBound(ctx: RequestContext): number;
  /** The input's tokens: exact where the model's encoding is known, else an upper estimate. */
  countInput(ctx: RequestContext): Promise<number>;
  /** Output texts that were delivered without reported usage. */
  countTexts(model: string, texts: readonly string[]): Promise<number>;
  close(): Promise<void>;
}
