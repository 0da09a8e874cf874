/** What of an upstream's head reaches the client: an allowlist for models, a denylist for services. */
import type { IncomingHttpHeaders } from 'node:http';
import { refuse, type Refusal } from './refusal.js';

export interface AnswerPolicy {
  /** Why an answer with this status must not reach the client as it is; null when it may. */
  refusalOf(status: number): Refusal | null;
  /** Flat name/value array, without content-length. */
  passed(headers: IncomingHttpHeaders): string[];
}

const isOutOfRange = (status: number): boolean => status < 200 || status > 599;

const PASSED_FROM_MODELS = [
  'content-type',
  'content-encoding',
  'content-language',
  'cache-control',
  'retry-after',
  'openai-processing-ms',
] as const;

export const MODEL_ANSWERS: AnswerPolicy = {
  refusalOf(status) {
    if (status === 401) return refuse('upstream_refused_credential');
    if (status >= 300 && status < 400) return refuse('upstream_redirect');
    return isOutOfRange(status) ? refuse('upstream_protocol_error') : null;
  },

  passed(headers) {
    const passed: string[] = [];
    for (const name of PASSED_FROM_MODELS) {
      const value = headers[name];
      if (typeof value === 'string') passed.push(name, value);
    }
    return passed;
  },
};

const HELD_FROM_SERVICES: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'server',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
  'x-powered-by',
  'x-request-id',
]);

export const SERVICE_ANSWERS: AnswerPolicy = {
  refusalOf: (status) => (isOutOfRange(status) ? refuse('upstream_protocol_error') : null),

  passed(headers) {
    const named = connectionNamed(headers);
    const passed: string[] = [];
    for (const [name, value] of Object.entries(headers)) {
      if (value === undefined || HELD_FROM_SERVICES.has(name) || named.includes(name)) continue;
      if (name.startsWith('x-gateway-') || name.startsWith('x-ratelimit-')) continue;
      for (const item of Array.isArray(value) ? value : [value]) passed.push(name, item);
    }
    return passed;
  },
};

/** Fields the `Connection` header names belong to one hop only. Source: RFC 9110 §7.6.1. */
export const connectionNamed = (headers: IncomingHttpHeaders): string[] =>
  (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
