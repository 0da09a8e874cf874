/**
 * Published rules of counting in front of the built-in ones. Rules are data from the configuration
 * feed; one whose vocabulary this process does not have counts as an estimate by the default one,
 * so that a missing file never stops a request.
 */
import type { TokenRuleConfig } from '@ai-gateway/contracts';
import { BUILT_IN_MODELS } from './model-encodings.js';
import { ModelRules, type ChatRule, type ModelRule } from './model-rules.js';
import type { ImageRule } from './token-meter.js';
import { hasVocabulary } from './vocabulary.catalog.js';

export interface ConfiguredModel {
  config: TokenRuleConfig;
  rule: ModelRule;
}

export class ConfiguredModels extends ModelRules {
  /** Enabled rules, in the order in which they are asked. */
  readonly configured: readonly ConfiguredModel[];
  private readonly known = new Map<string, ModelRule | undefined>();

  constructor(
    configs: Iterable<TokenRuleConfig>,
    private readonly base: ModelRules = BUILT_IN_MODELS,
  ) {
    super([], base.fallback);
    this.configured = [...configs]
      .filter(({ status }) => status === 1)
      .sort(byPrecedence)
      .map((config) => ({ config, rule: ruleOfConfig(config, base.fallback) }));
  }

  override find(model: string): ModelRule | undefined {
    if (this.known.has(model)) return this.known.get(model);
    const rule = this.search(model);
    if (this.known.size >= MAX_REMEMBERED) this.known.clear();
    this.known.set(model, rule);
    return rule;
  }

  private search(model: string): ModelRule | undefined {
    const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase();
    const found = this.configured.find(({ config }) => fits(config.model_pattern, name));
    return found?.rule ?? this.base.find(model);
  }
}

/** Names come from clients, so what is remembered of them is bounded. */
const MAX_REMEMBERED = 1000;

const fits = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;

/** Larger priority, then the whole name, then the longer beginning; the older rule at last. */
function byPrecedence(one: TokenRuleConfig, other: TokenRuleConfig): number {
  return (
    other.priority - one.priority ||
    Number(one.model_pattern.endsWith('*')) - Number(other.model_pattern.endsWith('*')) ||
    other.model_pattern.length - one.model_pattern.length ||
    one.token_rule_id - other.token_rule_id
  );
}

function ruleOfConfig(config: TokenRuleConfig, fallback: ModelRule): ModelRule {
  const { encoding, factor, method } = config;
  const chat = chatOf(config);
  const estimate: ModelRule = {
    encoding: fallback.encoding,
    method: 'estimate',
    factor: method === 'exact' ? 1 : factor,
    chat,
  };
  if (encoding === null || !hasVocabulary(encoding)) return estimate;
  return { ...estimate, encoding, method, otherwise: estimate };
}

function chatOf({ family, method, overheads, images }: TokenRuleConfig): ChatRule {
  const published = method === 'exact';
  switch (family) {
    case 'openai-chat':
      return { kind: 'openai', published, functionTokens: 7 };
    case 'chatml':
      return { kind: 'chatml', published, defaultSystem: null, thinks: true };
    case 'anthropic':
      return { kind: 'anthropic', published: false };
    case 'plain':
      return {
        kind: 'declared',
        published,
        overheads: {
          perMessage: overheads.per_message,
          perName: overheads.per_name,
          perRequest: overheads.per_request,
          perTool: overheads.per_tool,
        },
        images: imageRuleOf(images),
      };
  }
}

function imageRuleOf(images: TokenRuleConfig['images']): ImageRule {
  if (images.mode === 'fixed') return { low: images.low ?? images.tokens, other: images.tokens };
  return { low: images.base, other: images.base + images.per_tile * images.max_tiles };
}
