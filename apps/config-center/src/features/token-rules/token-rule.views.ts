/** Rows as they go over the wire. */
import {
  tokenRuleDefinitionSchema,
  type TokenRule,
  type TokenRuleDefinition,
  type TokenRuleVersion,
} from '@ai-gateway/contracts';
import type { TokenRuleVersionEntity } from './token-rule-version.entity.js';
import type { TokenRuleEntity } from './token-rule.entity.js';

export function tokenRuleOf(row: TokenRuleEntity): TokenRule {
  const { token_rule_id, rule_name, model_pattern, rule_version, draft, version } = row;
  return {
    token_rule_id,
    rule_name,
    model_pattern,
    state: stateOf(row),
    rule_version,
    published: rule_version === null ? null : definitionOf(row),
    draft,
    version,
    create_time: row.create_time.toISOString(),
    update_time: row.update_time.toISOString(),
  };
}

export const versionOf = (row: TokenRuleVersionEntity): TokenRuleVersion => ({
  token_rule_id: row.token_rule_id,
  rule_version: row.rule_version,
  definition: row.definition,
  revision: row.revision,
  actor_name: row.actor_name,
  create_time: row.create_time.toISOString(),
});

export const definitionOf = (row: TokenRuleEntity): TokenRuleDefinition =>
  tokenRuleDefinitionSchema.parse(row);

function stateOf({ rule_version, draft }: TokenRuleEntity): TokenRule['state'] {
  if (rule_version === null) return 'draft';
  return draft === null ? 'published' : 'changed';
}
