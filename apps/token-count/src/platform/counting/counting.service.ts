/**
 * Counts requests on the pool, by the rules that run now. Refuses what is no model, what is not
 * known in strict mode, and content without a rule; when the pool is full it says so, and when a
 * count cannot end in time the answer is an estimate and says that.
 */
import type {
  AdminErrorDetail,
  CalculateRequest,
  CalculateResponse,
  CountMessage,
} from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import { Counter, Gauge, type Logger, type Registry } from '@ai-gateway/node-runtime';
import {
  isCountablePart,
  isModelName,
  upperBoundCount,
  type TokenPool,
} from '@ai-gateway/tokenizer';
import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../../settings.js';
import type { RunningRules } from '../rules/running-rules.js';
import { LOGGER, POOL, REGISTRY, RULES, SETTINGS } from '../tokens.js';

/** Enough to mend a request by; a body may hold thousands of wrong parts. */
const MAX_DETAILS = 20;
const RETRY_AFTER_SEC = '1';

@Injectable()
export class CountingService {
  private readonly counted: Counter;
  private readonly outcomes: Counter;

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(RULES) private readonly rules: RunningRules,
    @Inject(POOL) private readonly pool: TokenPool,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(REGISTRY) registry: Registry,
  ) {
    const registers = [registry];
    this.counted = new Counter({
      name: 'token_count_tokens_total',
      help: 'Input tokens counted, by encoding and method.',
      labelNames: ['encoding', 'method'],
      registers,
    });
    this.outcomes = new Counter({
      name: 'token_count_outcomes_total',
      help: 'Counts by how they ended: counted, over_budget, overloaded, failed.',
      labelNames: ['status'],
      registers,
    });
    new Gauge({
      name: 'token_count_queued',
      help: 'Counts that wait for a thread.',
      registers,
      collect() {
        this.set(pool.queued);
      },
    });
  }

  /** @param path of the request within the body, for errors; empty: it is the body */
  check({ model, messages }: CalculateRequest, path = ''): void {
    if (!isModelName(model)) throw noSuchModel(path, 'is not a model name');
    if (this.settings.strictModels && this.rules.models.find(model) === undefined) {
      throw noSuchModel(path, 'is not a known model');
    }
    const details = unknownParts(messages ?? [], path);
    if (details.length > 0) throw new AdminError('VALIDATION_FAILED', { details });
  }

  /** Rejects with OVERLOADED when too much is waiting, or the vocabulary cannot be read. */
  async count(body: CalculateRequest): Promise<CalculateResponse> {
    const rule = this.rules.models.ruleOf(body.model);
    const units = unitsOf(body);
    const { budgetMs } = this.settings;
    const outcome = await this.pool.count({ body, rule, budgetMs, units });
    this.outcomes.inc({ status: outcome.status });
    if (outcome.status === 'overloaded') throw overloaded('too many counts are waiting');
    if (outcome.status === 'failed') {
      const { encoding } = rule;
      this.logger.warn({ encoding, reason: outcome.reason }, 'a count failed');
      throw overloaded(`models of encoding ${encoding} cannot be counted`);
    }
    const answer =
      outcome.status === 'counted' ? outcome.answer : upperBoundCount(body, rule, units);
    const { encoding, method, tokens } = answer;
    this.counted.inc({ encoding, method }, tokens.input);
    return answer;
  }
}

const overloaded = (message: string): AdminError =>
  new AdminError('OVERLOADED', {
    details: [{ path: '', message }],
    headers: { 'Retry-After': RETRY_AFTER_SEC },
  });

const noSuchModel = (path: string, message: string): AdminError =>
  new AdminError('NOT_FOUND', { details: [{ path: `${path}model`, message }] });

/** The size of all texts, about: what is not text is small or counted by rule. */
function unitsOf(value: unknown): number {
  let units = 0;
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next === 'string') units += next.length;
    else if (typeof next === 'object' && next !== null) {
      for (const inner of Object.values(next)) waiting.push(inner);
    }
  }
  return units;
}

function unknownParts(messages: readonly CountMessage[], prefix: string): AdminErrorDetail[] {
  const details: AdminErrorDetail[] = [];
  for (const [index, { content }] of messages.entries()) {
    if (!Array.isArray(content)) continue;
    for (const [place, part] of content.entries()) {
      if (details.length === MAX_DETAILS) return details;
      if (isCountablePart(part)) continue;
      details.push({
        path: `${prefix}messages.${index}.content.${place}.type`,
        message: 'has no counting rule, or lacks its text',
      });
    }
  }
  return details;
}
