/** What travels between the pool and its threads. */
import type { CalculateRequest, CalculateResponse } from '@ai-gateway/contracts';
import type { ModelRule } from '../model-rules.js';

export interface CountMessage {
  kind: 'count';
  id: number;
  body: CalculateRequest;
  rule: ModelRule;
  /** From its arrival. */
  budgetMs: number;
}

export type ToThread = CountMessage | { kind: 'load'; id: number; encodings: readonly string[] };

export type FromThread =
  | { id: number; answer: CalculateResponse }
  | { id: number; failed: Record<string, string> }
  | { id: number; error: string };

/** What a thread is started with. */
export interface ThreadData {
  /** Folder of added vocabularies. */
  vocabularies: string | null;
}
