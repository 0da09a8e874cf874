/** Counts a request, or says which model or content has no rule. */
import type {
  AdminErrorDetail,
  CalculateRequest,
  CalculateResponse,
  CountMessage,
} from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import { Counter, type Registry } from '@ai-gateway/node-runtime';
import {
  BUILT_IN_MODELS,
  countRequestInSlices,
  isCountablePart,
  isModelName,
} from '@ai-gateway/tokenizer';
import { Inject, Injectable } from '@nestjs/common';
import { REGISTRY, SETTINGS } from '../../platform/tokens.js';
import type { Settings } from '../../settings.js';

/** Enough to mend a request by; a body may hold thousands of wrong parts. */
const MAX_DETAILS = 20;

@Injectable()
export class CalculateService {
  private readonly counted: Counter;

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(REGISTRY) registry: Registry,
  ) {
    this.counted = new Counter({
      name: 'token_count_tokens_total',
      help: 'Input tokens counted, by encoding and method.',
      labelNames: ['encoding', 'method'],
      registers: [registry],
    });
  }

  /** Rejects with NOT_FOUND for a model that is not counted, VALIDATION_FAILED for content without a rule. */
  async calculate(body: CalculateRequest): Promise<CalculateResponse> {
    this.checkModel(body.model);
    const details = unknownParts(body.messages ?? []);
    if (details.length > 0) throw new AdminError('VALIDATION_FAILED', { details });
    const answer = await countRequestInSlices(body);
    const { encoding, method, tokens } = answer;
    this.counted.inc({ encoding, method }, tokens.input);
    return answer;
  }

  private checkModel(model: string): void {
    if (!isModelName(model)) throw noSuchModel('is not a model name');
    if (this.settings.strictModels && BUILT_IN_MODELS.find(model) === undefined) {
      throw noSuchModel('is not a known model');
    }
  }
}

function noSuchModel(message: string): AdminError {
  return new AdminError('NOT_FOUND', { details: [{ path: 'model', message }] });
}

function unknownParts(messages: readonly CountMessage[]): AdminErrorDetail[] {
  const details: AdminErrorDetail[] = [];
  for (const [index, { content }] of messages.entries()) {
    if (!Array.isArray(content)) continue;
    for (const [place, part] of content.entries()) {
      if (details.length === MAX_DETAILS) return details;
      if (isCountablePart(part)) continue;
      details.push({
        path: `messages.${index}.content.${place}.type`,
        message: 'has no counting rule, or lacks its text',
      });
    }
  }
  return details;
}
