import { knownModelsSchema, type KnownModel, type KnownModels } from '@ai-gateway/contracts';
import { Answers, ServiceOnly } from '@ai-gateway/nest-runtime';
import { BUILT_IN_MODELS, type ModelRule } from '@ai-gateway/tokenizer';
import { Controller, Get, Inject } from '@nestjs/common';
import type { RunningRules } from '../../platform/rules/running-rules.js';
import { RULES, SETTINGS } from '../../platform/tokens.js';
import type { Settings } from '../../settings.js';

@Controller()
export class ModelsController {
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(RULES) private readonly rules: RunningRules,
  ) {}

  /** Which models are known, and how they are counted. */
  @ServiceOnly()
  @Get('models')
  @Answers(200, knownModelsSchema)
  list(): KnownModels {
    const { models, revision } = this.rules;
    const { encoding, method, factor } = models.fallback;
    const configured = models.configured.map(({ config, rule }) => ({
      ...known(config.model_pattern, rule),
      family: config.family,
      source: 'rule' as const,
      token_rule_id: config.token_rule_id,
      rule_version: config.rule_version,
    }));
    return {
      strict: this.settings.strictModels,
      unknown: { encoding, method, factor },
      rules_revision: revision,
      items: [...configured, ...builtIns()],
    };
  }
}

const known = (pattern: string, rule: ModelRule) => ({
  model_pattern: pattern,
  encoding: rule.encoding,
  method: rule.method,
  factor: rule.factor,
});

/** Asked each time: what a vocabulary counts that cannot be read is known when it was tried. */
const builtIns = (): KnownModel[] =>
  BUILT_IN_MODELS.list().map(({ pattern, rule }) => ({
    ...known(pattern, rule),
    family: rule.chat.kind,
    source: 'built_in',
    token_rule_id: null,
    rule_version: null,
  }));
