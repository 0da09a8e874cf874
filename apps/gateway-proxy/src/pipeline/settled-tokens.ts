/** What a request used in the end. */
import type { TokenSource } from '@ai-gateway/contracts';

export interface SettledTokens {
  readonly input: number;
  readonly output: number;
  readonly cachedInput: number;
  readonly reasoning: number;
  readonly source: TokenSource;
}

export const NO_TOKENS: SettledTokens = {
  input: 0,
  output: 0,
  cachedInput: 0,
  reasoning: 0,
  source: 'none',
};
