/**
 * Asks the token-count service where an exact count decides. A budget bounds what that may cost a
 * request; when the service is slow or away, counting goes on in this process.
 */
import { calculateResponseSchema } from '@ai-gateway/contracts';
import type { Logger } from '@ai-gateway/node-runtime';
import { Pool } from 'undici';
import type { RequestContext } from '../pipeline/request-context.js';
import { countedRequest } from './counted-request.js';
import type { TokenCounter } from './token-counter.port.js';

const BUDGET_MS = 100;
const FAILURES_TO_OPEN = 5;
const OPEN_MS = 2000;
const MAX_CONNECTIONS = 32;

export interface ServiceTokenCounterOptions {
  url: string;
  credential: string | null;
  fallback: TokenCounter;
  logger: Logger;
}

export class ServiceTokenCounter implements TokenCounter {
  private readonly pool: Pool;
  private readonly path: string;
  private failures = 0;
  private closedUntil = 0;

  constructor(private readonly options: ServiceTokenCounterOptions) {
    const url = new URL(options.url);
    this.pool = new Pool(url.origin, { connections: MAX_CONNECTIONS });
    this.path = `${url.pathname.replace(/\/$/, '')}/calculate`;
  }

  upperBound(ctx: RequestContext): number {
    return this.options.fallback.upperBound(ctx);
  }

  async countInput(ctx: RequestContext): Promise<number> {
    const tokens = await this.ask(ctx);
    return tokens ?? this.options.fallback.countInput(ctx);
  }

  countTexts(model: string, texts: readonly string[]): Promise<number> {
    return this.options.fallback.countTexts(model, texts);
  }

  async close(): Promise<void> {
    await this.pool.destroy();
    await this.options.fallback.close();
  }

  /** Null when the service must not or could not be asked. */
  private async ask(ctx: RequestContext): Promise<number | null> {
    const request = countedRequest(ctx);
    if (request === null || performance.now() < this.closedUntil) return null;
    try {
      const tokens = await this.calculate(JSON.stringify(request));
      this.failures = 0;
      return tokens;
    } catch (err) {
      this.onFailure(err);
      return null;
    }
  }

  private async calculate(body: string): Promise<number> {
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
    if (answer.statusCode !== 200) throw new Error(`token service answered ${answer.statusCode}`);
    return calculateResponseSchema.parse(json).tokens.input;
  }

  private onFailure(err: unknown): void {
    this.failures += 1;
    if (this.failures < FAILURES_TO_OPEN) return;
    this.failures = 0;
    this.closedUntil = performance.now() + OPEN_MS;
    this.options.logger.warn({ err }, 'token service fails, counting in process');
  }
}
