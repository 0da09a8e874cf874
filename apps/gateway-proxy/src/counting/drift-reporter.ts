/**
 * Compares counts with the usage that upstreams report: in a histogram here, and in batches for the
 * token service, which sums them up over all gateways. What was counted for admission is compared
 * always; beyond that one request per second is counted for this alone. Bounded everywhere: a
 * service that is away loses samples, never memory.
 */
import { MAX_DRIFT_SAMPLES, type DriftSample } from '@ai-gateway/contracts';
import type { Logger } from '@ai-gateway/node-runtime';
import { request } from 'undici';
import type { GatewayMetrics } from '../metrics.js';
import type { RequestContext } from '../pipeline/request-context.js';
import { countAttachments } from './counted-request.js';
import type { CountedInput } from './counted-input.js';
import { SETTLEMENT_BUDGET_MS, type TokenCounter } from './token-counter.port.js';

const SEND_EVERY_MS = 2000;
const SEND_TIMEOUT_MS = 2000;
const SAMPLE_EVERY_MS = 1000;
/** Larger requests are too dear to count for this. */
const MAX_SAMPLED_BYTES = 131_072;

export interface DriftReporterOptions {
  /** Null: nobody to report to. */
  service: { url: string; credential: string | null } | null;
  /** Counts in this process. */
  counter: TokenCounter;
  metrics: GatewayMetrics;
  logger: Logger;
}

export class DriftReporter {
  private readonly waiting: DriftSample[] = [];
  private nextSampleMs = 0;
  private sending: Promise<void> | null = null;
  private readonly timer: NodeJS.Timeout;
  private isAway = false;

  constructor(private readonly options: DriftReporterOptions) {
    this.timer = setInterval(() => this.send(), SEND_EVERY_MS).unref();
  }

  /** Never throws and never holds up the caller. */
  reported(ctx: RequestContext, reported: number): void {
    const model = ctx.destination?.model?.name;
    if (model === undefined || reported < 1 || !isComparable(ctx)) return;
    if (ctx.countedInput !== null) this.compare(model, ctx.countedInput, reported);
    else void this.sample(ctx, model, reported);
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.send();
    await this.sending;
  }

  private async sample(ctx: RequestContext, model: string, reported: number): Promise<void> {
    const nowMs = performance.now();
    if (nowMs < this.nextSampleMs) return;
    this.nextSampleMs = nowMs + SAMPLE_EVERY_MS;
    try {
      const counted = await this.options.counter.countInput(ctx, SETTLEMENT_BUDGET_MS);
      this.compare(model, counted, reported);
    } catch (err) {
      this.options.logger.debug({ err }, 'a count for comparison failed');
    }
  }

  private compare(model: string, { tokens, method }: CountedInput, reported: number): void {
    if (tokens < 1) return;
    this.options.metrics.tokenDrift.labels(model).observe(tokens / reported);
    if (this.options.service === null || this.waiting.length >= MAX_DRIFT_SAMPLES) return;
    this.waiting.push({ model, method, counted: tokens, reported });
  }

  private send(): void {
    if (this.options.service === null || this.sending !== null || this.waiting.length === 0) return;
    this.sending = this.post(this.options.service, this.waiting.splice(0)).finally(() => {
      this.sending = null;
    });
  }

  private async post(
    { url, credential }: NonNullable<DriftReporterOptions['service']>,
    samples: readonly DriftSample[],
  ): Promise<void> {
    try {
      const { statusCode, body } = await request(`${url.replace(/\/$/, '')}/drift`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(credential === null ? {} : { authorization: `Bearer ${credential}` }),
        },
        body: JSON.stringify({ samples }),
        signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
      });
      await body.dump();
      if (statusCode !== 202) throw new Error(`token service answered ${statusCode}`);
      this.isAway = false;
    } catch (err) {
      if (!this.isAway) this.options.logger.warn({ err }, 'drift of counts cannot be reported');
      this.isAway = true;
    }
  }
}

/** Images and audio are counted by rule, which says nothing about the vocabulary. */
function isComparable(ctx: RequestContext): boolean {
  const size = ctx.bodyBytes?.length ?? 0;
  if (size === 0 || size > MAX_SAMPLED_BYTES) return false;
  return countAttachments((ctx.body as { messages?: unknown }).messages) === 0;
}
