/**
 * Model name → how its tokens are counted.
 *
 * Approach: a rule is data, found by exact name or by the longest matching prefix; names are keys
 * of a Map, so `__proto__` and `constructor` are names like others. A set of rules is a value that
 * is passed along: the built-in ones stand in `model-encodings.ts`, others can be published later.
 */
import type { CountMethod } from '@ai-gateway/contracts';
import type { ChatTemplate } from './template-chat.js';
import type { ImageRule } from './token-meter.js';
import { hasVocabulary } from './vocabulary.catalog.js';

/** How a chat becomes tokens. `published`: whether the provider says so for this model. */
export type ChatRule =
  | { kind: 'openai'; published: boolean; functionTokens: number }
  | { kind: 'chatml'; published: boolean; defaultSystem: string | null; thinks: boolean }
  | { kind: 'anthropic'; published: false }
  | { kind: 'template'; published: boolean; template: ChatTemplate }
  | { kind: 'declared'; published: boolean; overheads: Overheads; images: ImageRule };

/** Tokens beside the texts. */
export interface Overheads {
  perMessage: number;
  perName: number;
  perRequest: number;
  perTool: number;
}

export interface ModelRule {
  /** A built-in encoding, or a vocabulary that may have been added. */
  encoding: string;
  /** `exact` where the encoding is the model's own. */
  method: CountMethod;
  /** Estimated tokens are the encoding's tokens times this. */
  factor: number;
  chat: ChatRule;
  /** What counts where the vocabulary is not at hand. */
  otherwise?: ModelRule;
}

/** A pattern is a lower-case name; a trailing `*` matches any ending. */
export type ModelPatterns = readonly (readonly [patterns: readonly string[], rule: ModelRule])[];

export class ModelRules {
  private readonly exact = new Map<string, ModelRule>();
  private readonly prefixes: { prefix: string; rule: ModelRule }[] = [];

  constructor(
    table: ModelPatterns,
    /** What counts a model that no pattern names; its method should be `estimate`. */
    readonly fallback: ModelRule,
  ) {
    for (const [patterns, rule] of table) for (const pattern of patterns) this.add(pattern, rule);
    this.prefixes.sort((a, b) => b.prefix.length - a.prefix.length);
  }

  /**
   * Without regard to case and to a publisher before the name (`Qwen/Qwen3-8B`). Where a rule's
   * vocabulary is not at hand, what counts otherwise.
   */
  find(model: string): ModelRule | undefined {
    const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase();
    const rule =
      this.exact.get(name) ?? this.prefixes.find(({ prefix }) => name.startsWith(prefix))?.rule;
    return rule === undefined ? undefined : this.atHand(rule);
  }

  /** Every pattern with its rule. */
  list(): { pattern: string; rule: ModelRule }[] {
    const prefixes = this.prefixes.map(({ prefix, rule }) => [`${prefix}*`, rule] as const);
    return [...this.exact, ...prefixes].map(([pattern, rule]) => ({
      pattern,
      rule: this.atHand(rule),
    }));
  }

  ruleOf(model: string): ModelRule {
    return this.find(model) ?? this.fallback;
  }

  private atHand(rule: ModelRule): ModelRule {
    let chosen = rule;
    while (!hasVocabulary(chosen.encoding)) chosen = chosen.otherwise ?? this.fallback;
    return chosen;
  }

  private add(pattern: string, rule: ModelRule): void {
    if (pattern.endsWith('*')) this.prefixes.push({ prefix: pattern.slice(0, -1), rule });
    else this.exact.set(pattern, rule);
  }
}

/** The rule of a model, configured ones first, or null for a model that nobody knows. */
export function resolveModel(model: string, rules: ModelRules): ModelRule | null {
  return rules.find(model) ?? null;
}

const MODEL_NAME = /^[\p{L}\p{N}][\p{L}\p{N}._:@+-]*(?:\/[\p{L}\p{N}][\p{L}\p{N}._:@+-]*)*$/u;

/** Whether text can be a model's name at all: no empty, dotted-up or hidden path segments. */
export function isModelName(text: string): boolean {
  return MODEL_NAME.test(text);
}
