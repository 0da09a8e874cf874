/** What is written down of a request: metrics, and one access-log line that is its record. */
import type { Logger } from '@ai-gateway/node-runtime';
import type { RequestLog } from '../access-log.js';
import type { GatewayMetrics } from '../metrics.js';
import type { RequestContext } from './request-context.js';
import { requestRecord } from './request-record.js';
import { RequestSeries, type RequestKind } from './request-series.js';
import type { SettledTokens } from './settled-tokens.js';

export interface RequestRecorderOptions {
  metrics: GatewayMetrics;
  logger: Logger;
  instanceId: string;
  accessLog: RequestLog;
}

/** More kinds of requests than this are told to the metrics one by one. */
const MAX_SERIES = 10_000;

export class RequestRecorder {
  /** Whether a line is written per request; may change at any time. */
  logsRequests = false;
  private readonly series = new Map<string, RequestSeries>();
  private readonly prepared: { observe(seconds: number): void };

  constructor(private readonly options: RequestRecorderOptions) {
    this.prepared = options.metrics.overhead.labels('prepare');
    options.metrics.onScrape(() => this.flushMetrics());
  }

  record(ctx: RequestContext, tokens: SettledTokens): void {
    const endedAt = performance.now();
    const series = this.seriesOf(ctx, tokens);
    series.add(tokens);
    this.observeTimes(ctx, series, endedAt);
    const { accessLog, instanceId } = this.options;
    if (this.logsRequests) accessLog.write(requestRecord(ctx, tokens, instanceId, endedAt));
    if (this.series.size > MAX_SERIES) this.forgetSeries();
  }

  /** A request that ended before it became one: parser errors, shed load. */
  recordRejected(reason: string, requestId: string, clientAddress: string, detail: string): void {
    this.options.metrics.errors.inc({ reason });
    if (!this.logsRequests) return;
    this.options.logger.info(
      { request_id: requestId, client_ip: clientAddress, error: reason, detail },
      'request rejected',
    );
  }

  shadowRefusal(namespace: string, ruleType: string, ruleName: string): void {
    this.options.metrics.refusals.labels(namespace, ruleType, 'shadow', 'shadow').inc();
    this.options.logger.debug({ namespace, rule: ruleName }, 'shadow rule would have refused');
  }

  /** A target that could not be connected to; answers are counted with their request. */
  targetUnreachable(ctx: RequestContext): void {
    const upstream = ctx.destination?.upstream.code ?? '';
    this.options.metrics.upstreamRequests.labels(upstream, 'none').inc();
  }

  /** Writes out what is still collected. */
  flush(): void {
    this.options.accessLog.flush();
  }

  private flushMetrics(): void {
    for (const series of this.series.values()) series.flush();
  }

  private forgetSeries(): void {
    this.flushMetrics();
    this.series.clear();
  }

  private seriesOf(ctx: RequestContext, tokens: SettledTokens): RequestSeries {
    const namespace = ctx.namespace?.code ?? 'none';
    const route = ctx.destination?.label ?? ctx.surface?.name ?? 'unmatched';
    const model = ctx.destination?.model?.name ?? 'other';
    const reason = ctx.refusal?.reason ?? '';
    const rule = ctx.refusal?.rule?.type ?? '';
    const { method, statusCode, endState } = ctx;
    const upstream = ctx.destination?.upstream.id ?? 0;
    const key = `${namespace}|${route}|${upstream}|${method}|${statusCode}|${endState}|${model}|${tokens.source}|${reason}|${rule}`;
    let series = this.series.get(key);
    if (series === undefined) {
      series = new RequestSeries(
        kindOf(ctx, tokens, { namespace, route, model }),
        this.options.metrics,
      );
      this.series.set(key, series);
    }
    return series;
  }

  private observeTimes(ctx: RequestContext, series: RequestSeries, endedAt: number): void {
    series.duration.observe((endedAt - ctx.startedAt) / 1000);
    if (ctx.firstByteAt === 0) return;
    series.firstByte.observe((ctx.firstByteAt - ctx.startedAt) / 1000);
    this.prepared.observe((ctx.forwardedAt - ctx.startedAt) / 1000);
  }
}

const kindOf = (
  ctx: RequestContext,
  tokens: SettledTokens,
  labels: Pick<RequestKind, 'namespace' | 'route' | 'model'>,
): RequestKind => ({
  ...labels,
  method: KNOWN_METHODS.has(ctx.method) ? ctx.method : 'other',
  codeClass: codeClassOf(ctx.statusCode),
  outcome: ctx.endState,
  tokenSource: tokens.source,
  upstream: wasSent(ctx) ? (ctx.destination?.upstream.code ?? null) : null,
  errorReason: ctx.refusal?.reason ?? null,
  ruleType: ctx.refusal?.rule?.type ?? null,
});

const wasSent = ({ forwardedAt, endState }: RequestContext): boolean =>
  forwardedAt > 0 && endState !== 'never_sent';

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
