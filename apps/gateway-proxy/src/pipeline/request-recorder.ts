/**
 * What is written down of a request: metrics, with label children kept so that recording costs a
 * Map access, and one access-log line that is the terminal record.
 */
import type { EndState, UsageRecord } from '@ai-gateway/contracts';
import type { Logger } from '@ai-gateway/node-runtime';
import { CLIENT_ERRORS } from '@ai-gateway/contracts';
import type { RequestLog } from '../access-log.js';
import type { GatewayMetrics } from '../metrics.js';
import type { RequestContext } from './request-context.js';
import { NO_TOKENS, type SettledTokens } from './settled-tokens.js';

export interface RequestRecorderOptions {
  metrics: GatewayMetrics;
  logger: Logger;
  instanceId: string;
  /** Null: requests are not logged. */
  accessLog: RequestLog | null;
}

interface Countable {
  inc(value?: number): void;
}
interface Observable {
  observe(value: number): void;
}

/** More label combinations than this are a bug of the caller; the rest is looked up each time. */
const MAX_CHILDREN = 10_000;

export class RequestRecorder {
  private readonly counters = new Map<string, Countable>();
  private readonly histograms = new Map<string, Observable>();

  constructor(private readonly options: RequestRecorderOptions) {}

  record(ctx: RequestContext, tokens: SettledTokens): void {
    const endedAt = performance.now();
    this.countRequest(ctx);
    this.observeTimes(ctx, endedAt);
    if (tokens !== NO_TOKENS) this.countTokens(ctx, tokens);
    if (this.options.accessLog !== null) this.logRequest(ctx, tokens, endedAt);
  }

  /** A request that ended before it became one: parser errors, shed load. */
  recordRejected(reason: string, requestId: string, clientAddress: string, detail: string): void {
    this.options.metrics.errors.inc({ reason });
    if (this.options.accessLog === null) return;
    this.options.logger.info(
      { request_id: requestId, client_ip: clientAddress, error: reason, detail },
      'request rejected',
    );
  }

  shadowRefusal(namespace: string, ruleType: string, ruleName: string): void {
    this.countRefusal(namespace, ruleType, 'shadow', 'shadow');
    this.options.logger.debug({ namespace, rule: ruleName }, 'shadow rule would have refused');
  }

  upstreamAnswered(ctx: RequestContext, endState: EndState): void {
    const upstream = ctx.destination?.upstream.code ?? '';
    const codeClass = endState === 'never_sent' ? 'none' : codeClassOf(ctx.statusCode);
    this.counter(`u|${upstream}|${codeClass}`, () =>
      this.options.metrics.upstreamRequests.labels(upstream, codeClass),
    ).inc();
  }

  /** Writes out what is still collected. */
  flush(): void {
    this.options.accessLog?.flush();
  }

  private countRequest(ctx: RequestContext): void {
    const { metrics } = this.options;
    const namespace = ctx.namespace?.code ?? 'none';
    const route = routeLabel(ctx);
    const code = codeClassOf(ctx.statusCode);
    const outcome = ctx.endState;
    this.counter(`r|${namespace}|${route}|${ctx.method}|${code}|${outcome}`, () =>
      metrics.requests.labels(namespace, route, methodLabel(ctx.method), code, outcome),
    ).inc();
    this.counter(`s|${outcome}`, () => metrics.settlements.labels(outcome)).inc();
    if (ctx.refusal === null) return;
    const { reason, rule } = ctx.refusal;
    this.counter(`e|${reason}`, () => metrics.errors.labels(reason)).inc();
    if (rule !== undefined) this.countRefusal(namespace, rule.type, reason, 'enforce');
  }

  private countRefusal(namespace: string, ruleType: string, reason: string, mode: string): void {
    this.counter(`f|${namespace}|${ruleType}|${reason}|${mode}`, () =>
      this.options.metrics.refusals.labels(namespace, ruleType, reason, mode),
    ).inc();
  }

  private observeTimes(ctx: RequestContext, endedAt: number): void {
    const { metrics } = this.options;
    const route = routeLabel(ctx);
    this.histogram(`d|${route}`, () => metrics.duration.labels(route)).observe(
      (endedAt - ctx.startedAt) / 1000,
    );
    if (ctx.firstByteAt === 0) return;
    this.histogram(`b|${route}`, () => metrics.firstByte.labels(route)).observe(
      (ctx.firstByteAt - ctx.startedAt) / 1000,
    );
    this.histogram('o|prepare', () => metrics.overhead.labels('prepare')).observe(
      (ctx.forwardedAt - ctx.startedAt) / 1000,
    );
  }

  private countTokens(ctx: RequestContext, tokens: SettledTokens): void {
    const namespace = ctx.namespace?.code ?? 'none';
    const model = ctx.destination?.model?.name ?? 'other';
    const { source } = tokens;
    const add = (type: string, amount: number) => {
      if (amount === 0) return;
      this.counter(`t|${namespace}|${model}|${type}|${source}`, () =>
        this.options.metrics.tokens.labels(namespace, model, type, source),
      ).inc(amount);
    };
    add('input', tokens.input);
    add('output', tokens.output);
    add('cached_input', tokens.cachedInput);
    add('reasoning', tokens.reasoning);
  }

  private logRequest(ctx: RequestContext, tokens: SettledTokens, endedAt: number): void {
    const { accessLog, instanceId } = this.options;
    accessLog?.write({
      ...usageRecordOf(ctx, tokens, instanceId, endedAt),
      method: ctx.method,
      path: ctx.rawPath,
      client_ip: ctx.clientAddress,
    });
  }

  private counter(key: string, create: () => Countable): Countable {
    return childOf(this.counters, key, create);
  }

  private histogram(key: string, create: () => Observable): Observable {
    return childOf(this.histograms, key, create);
  }
}

function childOf<Child>(children: Map<string, Child>, key: string, create: () => Child): Child {
  let child = children.get(key);
  if (child !== undefined) return child;
  child = create();
  if (children.size < MAX_CHILDREN) children.set(key, child);
  return child;
}

function usageRecordOf(
  ctx: RequestContext,
  tokens: SettledTokens,
  instance: string,
  endedAt: number,
): UsageRecord {
  const durationMs = endedAt - ctx.startedAt;
  return {
    request_id: ctx.requestId,
    instance,
    revision: ctx.table.revision,
    started_at: new Date(Date.now() - durationMs).toISOString(),
    duration_ms: rounded(durationMs),
    first_byte_ms: ctx.firstByteAt === 0 ? null : rounded(ctx.firstByteAt - ctx.startedAt),
    namespace_id: ctx.namespace?.id ?? null,
    api_key_id: ctx.principal?.id ?? null,
    route_id: ctx.destination?.routeId ?? null,
    surface: ctx.surface?.name ?? null,
    model: ctx.destination?.model?.name ?? null,
    upstream_id: ctx.destination?.upstream.id ?? null,
    target_id: ctx.target?.id ?? null,
    streamed: ctx.metering?.isSse ?? false,
    status_code: ctx.statusCode,
    error_code: ctx.refusal === null ? null : CLIENT_ERRORS[ctx.refusal.reason].code,
    end_state: ctx.endState,
    input_tokens: tokens.input,
    output_tokens: tokens.output,
    cached_input_tokens: tokens.cachedInput,
    reasoning_tokens: tokens.reasoning,
    token_source: tokens.source,
  };
}

const rounded = (milliseconds: number): number => Math.round(milliseconds * 100) / 100;

const CODE_CLASSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;
const codeClassOf = (status: number): string => CODE_CLASSES[Math.floor(status / 100)] ?? 'none';

const KNOWN_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
]);
const methodLabel = (method: string): string => (KNOWN_METHODS.has(method) ? method : 'other');

const routeLabel = (ctx: RequestContext): string =>
  ctx.destination?.label ?? ctx.surface?.name ?? 'unmatched';
