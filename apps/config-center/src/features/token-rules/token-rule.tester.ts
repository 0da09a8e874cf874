/** Counts samples by a rule that nobody runs yet, with the tokenizer that gateways run. */
import {
  requestOfSample,
  type TokenRuleDefinition,
  type TokenRuleSample,
  type TokenRuleTestResult,
} from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import { ConfiguredModels, countRequestInSlices, hasVocabulary } from '@ai-gateway/tokenizer';
import { Injectable } from '@nestjs/common';

@Injectable()
export class TokenRuleTester {
  /** Rejects with UNPROCESSABLE for a vocabulary that is not installed beside this process. */
  async test(
    definition: TokenRuleDefinition,
    samples: readonly TokenRuleSample[],
  ): Promise<TokenRuleTestResult> {
    const { encoding } = definition;
    if (encoding !== null && !hasVocabulary(encoding)) {
      const message = `the vocabulary ${encoding} is not known here`;
      throw new AdminError('UNPROCESSABLE', { details: [{ path: 'encoding', message }] });
    }
    const rule = { ...definition, token_rule_id: 1, rule_version: 1, status: 1 as const };
    const models = new ConfiguredModels([rule]);
    const results: TokenRuleTestResult['results'] = [];
    for (const sample of samples) {
      const request = requestOfSample(nameFitting(rule.model_pattern), sample);
      const { method, tokens } = await countRequestInSlices(request, models);
      const difference = tokens.input - sample.expected;
      results.push({
        sample_name: sample.sample_name ?? null,
        expected: sample.expected,
        got: tokens.input,
        difference,
        method,
        passed: Math.abs(difference) <= sample.tolerance,
      });
    }
    return { passed: results.every(({ passed }) => passed), results };
  }
}

/** A name that matches the pattern whatever its ending. */
const nameFitting = (pattern: string): string => pattern.replace(/\*$/, '');
