/** Counts a request's tokens for admission and settlement. */
import type { RequestContext } from '../pipeline/request-context.js';
import type { CountedInput } from './counted-input.js';

export interface TokenCounter {
  /** Never below the true count; costs no tokenizing. */
  upperBound(ctx: RequestContext): number;
  /**
   * The input's tokens: exact where the model's encoding is known, else an upper estimate.
   * @param budgetMs how long it may take; then it is an upper estimate
   */
  countInput(ctx: RequestContext, budgetMs: number): Promise<CountedInput>;
  /** Output texts that were delivered without reported usage. */
  countTexts(ctx: RequestContext, texts: readonly string[]): Promise<number>;
  close(): Promise<void>;
}

/** What a request that waits for its admission may be held up by a count. */
export const ADMISSION_BUDGET_MS = 100;
/** Nobody waits for a settlement. */
export const SETTLEMENT_BUDGET_MS = 5000;
