/** What the server needs of a tokenizer: usage figures are counted, never made up. */
import type { Surface } from '@ai-gateway/llm-wire';

export interface TokenCounter {
  /** Tokens of plain text for a model; unknown models are counted with a default encoding. */
  countText(model: string, text: string): number;
  /** Input tokens of a valid request body. */
  countInput(surface: Surface, model: string, body: Readonly<Record<string, unknown>>): number;
}
