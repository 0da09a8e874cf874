/**
 * Asks the token-count service where an exact count decides. A budget bounds what that may cost a
 * request; when the service is slow or away, counting goes on in this process.
 */
import { calculateResponseSchema } from '@ai-gateway/contracts';
import type { Logger } from '@ai-gateway/node-runtime';
import { Pool } from 'undici';
import type { GatewayMetrics } from '../metrics.js';
import type { RequestContext } from '../pipeline/request-context.js';
import { countedRequest } from './counted-request.js';
import { ServiceBreaker } from './service-breaker.js';
import type { CountedInput } from './counted-input.js';
import type { TokenCounter } from './token-counter.port.js';

/** The service's budget for the longest wait. */
const BUDGET_MS = 100;
/** What is left for the count in this process when the service has used up the budget. */
const MIN_LOCAL_MS = 10;
const FAILURES_TO_OPEN = 5;
const OPEN_MS = 2000;
const MAX_CONNECTIONS = 32;
/** Larger bodies are counted where they are: sending them costs more than counting. */
const MAX_SENT_BYTES = 1_048_576;
/** The request's own fault, or a model the service does not want to know: no sign of bad health. */
const REQUESTS_FAULT = new Set([400, 404, 413, 422]);

export interface ServiceTokenCounterOptions {
  url: string;
  credential: string | null;
  fallback: TokenCounter;
  metrics: GatewayMetrics;
  logger: Logger;
}

export class ServiceTokenCounter implements TokenCounter {
  private readonly pool: Pool;
  private readonly path: string;
  private readonly breaker: ServiceBreaker;

  constructor(private readonly options: ServiceTokenCounterOptions) {
    const url = new URL(options.url);
    this.pool = new Pool(url.origin, { connections: MAX_CONNECTIONS });
    this.path = `${url.pathname.replace(/\/$/, '')}/calculate`;
    this.breaker = new ServiceBreaker({
      failuresToOpen: FAILURES_TO_OPEN,
      openMs: OPEN_MS,
      nowMs: () => performance.now(),
      onChange: (isOpen, err) => {
        if (isOpen) options.logger.warn({ err }, 'token service fails, counting in process');
        else options.logger.info('token service counts again');
      },
    });
  }

  upperBound(ctx: RequestContext): number {
    return this.options.fallback.upperBound(ctx);
  }

  async countInput(ctx: RequestContext, budgetMs: number): Promise<CountedInput> {
    const startMs = performance.now();
    const counted = await this.ask(ctx);
    if (counted === null) {
      const leftMs = budgetMs - (performance.now() - startMs);
      return this.options.fallback.countInput(ctx, Math.max(MIN_LOCAL_MS, leftMs));
    }
    this.options.metrics.countMethods.inc({ method: counted.method });
    return counted;
  }

  countTexts(ctx: RequestContext, texts: readonly string[]): Promise<number> {
    return this.options.fallback.countTexts(ctx, texts);
  }

  async close(): Promise<void> {
    await this.pool.destroy();
    await this.options.fallback.close();
  }

  /** Null when the service must not or could not be asked. */
  private async ask(ctx: RequestContext): Promise<CountedInput | null> {
    if ((ctx.bodyBytes?.length ?? 0) > MAX_SENT_BYTES) return null;
    const request = countedRequest(ctx);
    if (request === null || !this.breaker.tryEnter()) return null;
    try {
      const counted = await this.calculate(JSON.stringify(request));
      this.breaker.succeeded();
      return counted;
    } catch (err) {
      this.breaker.failed(err);
      return null;
    }
  }

  /** Null for a request the service does not count. Rejects when the service fails. */
  private async calculate(body: string): Promise<CountedInput | null> {
    const { credential } = this.options;
    const answer = await this.pool.request({
      method: 'POST',
      path: this.path,
      headers: {
        'content-type': 'application/json',
        ...(credential === null ? {} : { authorization: `Bearer ${credential}` }),
      },
      body,
      signal: AbortSignal.timeout(BUDGET_MS),
    });
    const json = await answer.body.json();
    if (REQUESTS_FAULT.has(answer.statusCode)) return null;
    if (answer.statusCode !== 200) throw new Error(`token service answered ${answer.statusCode}`);
    const { tokens, method } = calculateResponseSchema.parse(json);
    return { tokens: tokens.input, method };
  }
}
