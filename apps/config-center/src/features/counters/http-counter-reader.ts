/**
 * Counters of the embedded mode live in the gateway's memory, so they are asked for over HTTP at its
 * management listener, which knows the rules itself.
 */
import type { CounterReader, CounterState } from '@ai-gateway/admission';
import { countSchema } from '@ai-gateway/contracts';
import type { CompiledLimit, Measure } from '@ai-gateway/gateway-engine';
import { AdminError } from '@ai-gateway/nest-runtime';
import { z } from 'zod';

const TIMEOUT_MS = 2000;

const statesSchema = z.object({
  counters: z.array(
    z.object({
      measure: z.enum(['requests', 'input_tokens', 'output_tokens', 'total_tokens', 'connections']),
      span_ms: countSchema,
      limit: countSchema,
      used: z.number(),
      reset_ms: z.number(),
    }),
  ),
});
const addedSchema = z.object({ value: z.number() });

export interface HttpCounterReaderOptions {
  managementUrl: string;
  credential: string;
}

export class HttpCounterReader implements CounterReader {
  constructor(private readonly options: HttpCounterReaderOptions) {}

  async read(_namespaceId: number, limit: CompiledLimit, scope: string): Promise<CounterState[]> {
    const { counters } = statesSchema.parse(await this.call('GET', limit.ruleId, { scope }));
    return counters.map(({ span_ms, reset_ms, ...state }) => ({
      ...state,
      spanMs: span_ms,
      resetMs: reset_ms,
    }));
  }

  // The signature is the port's.
  async add(
    _namespaceId: number,
    limit: CompiledLimit,
    scope: string,
    spanMs: number,
    measure: Measure,
    amount: number,
  ): Promise<number> {
    const body = { span_ms: spanMs, measure, amount };
    return addedSchema.parse(await this.call('POST', limit.ruleId, { scope, body })).value;
  }

  private async call(
    method: 'GET' | 'POST',
    ruleId: string,
    { scope, body }: { scope: string; body?: object },
  ): Promise<unknown> {
    const url = new URL(`/internal/counters/${ruleId}`, this.options.managementUrl);
    url.searchParams.set('scope', scope);
    const response = await this.send(url, method, body);
    if (response.status === 404) throw new AdminError('NOT_FOUND');
    if (!response.ok) {
      throw new AdminError('STORE_UNAVAILABLE', { cause: new Error(`HTTP ${response.status}`) });
    }
    return response.json();
  }

  private async send(url: URL, method: string, body: object | undefined): Promise<Response> {
    try {
      return await fetch(url, {
        method,
        headers: {
          authorization: `Bearer ${this.options.credential}`,
          'content-type': 'application/json',
        },
        signal: AbortSignal.timeout(TIMEOUT_MS),
        redirect: 'error',
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      throw new AdminError('STORE_UNAVAILABLE', { cause });
    }
  }
}
