/** The input tokens of a request, and how they were counted. */
import type { CountMethod } from '@ai-gateway/contracts';

export interface CountedInput {
  tokens: number;
  /** An estimate errs high. */
  method: CountMethod;
}
