/**
 * Counters of the embedded mode live in the gateway's memory, so they are asked for over HTTP at its
 * management listener, which knows the rules itself.
 */
import type { CounterReader, CounterState, SpanAddress } from '@ai-gateway/admission';
import {
  internalCounterAddedSchema,
  internalCountersSchema,
  type InternalCounterAdd,
} from '@ai-gateway/contracts';
import type { CompiledLimit } from '@ai-gateway/gateway-engine';
import { AdminError } from '@ai-gateway/nest-runtime';

const TIMEOUT_MS = 2000;

export interface HttpCounterReaderOptions {
  managementUrl: string;
  credential: string;
}

export class HttpCounterReader implements CounterReader {
  constructor(private readonly options: HttpCounterReaderOptions) {}

  async read(namespaceId: number, limit: CompiledLimit, scope: string): Promise<CounterState[]> {
    const answer = await this.call('GET', { namespaceId, limit, scope });
    const { counters } = internalCountersSchema.parse(answer);
    return counters.map(({ span_ms, reset_ms, ...state }) => ({
      ...state,
      spanMs: span_ms,
      resetMs: reset_ms,
    }));
  }

  async add({ spanMs, measure, ...counter }: SpanAddress, amount: number): Promise<number> {
    const body = { span_ms: spanMs, measure, amount };
    const answer = await this.call('POST', counter, body);
    return internalCounterAddedSchema.parse(answer).value;
  }

  private async call(
    method: 'GET' | 'POST',
    { namespaceId, limit, scope }: Pick<SpanAddress, 'namespaceId' | 'limit' | 'scope'>,
    body?: InternalCounterAdd,
  ): Promise<unknown> {
    const url = new URL(`/internal/counters/${limit.ruleId}`, this.options.managementUrl);
    url.searchParams.set('namespace', String(namespaceId));
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
