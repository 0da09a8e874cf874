/** The gateway's metrics; names and labels stand in docs/reference/metrics.md. */
import { Counter, Gauge, Histogram, type Registry } from '@ai-gateway/node-runtime';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const FIRST_BYTE_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const OVERHEAD_SECONDS = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
];

const DRIFT_RATIOS = [0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1, 1.01, 1.02, 1.05, 1.1, 1.25, 1.5, 2, 4];

export type GatewayMetrics = ReturnType<typeof createGatewayMetrics>;

export function createGatewayMetrics(registry: Registry) {
  const registers = [registry];
  const hooks: (() => void)[] = [];
  return {
    registry,
    /** Runs before values are read, for what is summed up outside. */
    onScrape: (hook: () => void) => void hooks.push(hook),
    ...answerMetrics(registers, () => {
      for (const hook of hooks) hook();
    }),
    ...timeMetrics(registers),
    ...tokenMetrics(registers),
    ...stateMetrics(registers),
    ...configMetrics(registers),
    ...snapshotMetrics(registers),
  };
}

/** @param collect runs with the first metric that is read */
function answerMetrics(registers: Registry[], collect: () => void) {
  return {
    requests: new Counter({
      name: 'gateway_requests_total',
      help: 'Client requests by outcome',
      labelNames: ['namespace', 'route', 'method', 'code_class', 'outcome'],
      collect,
      registers,
    }),
    errors: new Counter({
      name: 'gateway_errors_total',
      help: 'Errors the gateway itself answered',
      labelNames: ['reason'],
      registers,
    }),
    refusals: new Counter({
      name: 'gateway_refusals_total',
      help: 'Requests refused by a rule, or that a shadow rule would have refused',
      labelNames: ['namespace', 'rule_type', 'reason', 'mode'],
      registers,
    }),
    upstreamRequests: new Counter({
      name: 'gateway_upstream_requests_total',
      help: 'Requests sent to upstream targets',
      labelNames: ['upstream', 'code_class'],
      registers,
    }),
  };
}

function timeMetrics(registers: Registry[]) {
  return {
    duration: new Histogram({
      name: 'gateway_request_duration_seconds',
      help: 'From the request head to the last byte of the answer',
      labelNames: ['route'],
      buckets: SECONDS,
      registers,
    }),
    firstByte: new Histogram({
      name: 'gen_ai_server_time_to_first_token_seconds',
      help: 'From the request head to the first byte of the upstream’s answer',
      labelNames: ['route'],
      buckets: FIRST_BYTE_SECONDS,
      registers,
    }),
    overhead: new Histogram({
      name: 'gateway_overhead_seconds',
      help: 'Time spent in the gateway, without waiting for client or upstream',
      labelNames: ['phase'],
      buckets: OVERHEAD_SECONDS,
      registers,
    }),
  };
}

function tokenMetrics(registers: Registry[]) {
  return {
    tokens: new Counter({
      name: 'gateway_tokens_total',
      help: 'Model tokens settled',
      labelNames: ['namespace', 'model', 'type', 'source'],
      registers,
    }),
    settlements: new Counter({
      name: 'gateway_settlements_total',
      help: 'Terminal records by end state',
      labelNames: ['end_state'],
      registers,
    }),
    countMethods: new Counter({
      name: 'gateway_token_counts_total',
      help: 'Input token counts, by method',
      labelNames: ['method'],
      registers,
    }),
    tokenDrift: new Histogram({
      name: 'gateway_token_drift_ratio',
      help: 'Counted input tokens by those the upstream reported; 1: equal',
      labelNames: ['model'],
      buckets: DRIFT_RATIOS,
      registers,
    }),
  };
}

function stateMetrics(registers: Registry[]) {
  return {
    inflight: new Gauge({
      name: 'gateway_inflight_requests',
      help: 'Requests in progress',
      registers,
    }),
    openStreams: new Gauge({
      name: 'gateway_open_streams',
      help: 'Answers being streamed',
      registers,
    }),
    limiterMode: new Gauge({
      name: 'gateway_limiter_mode',
      help: '1 for the mode the limiter is in',
      labelNames: ['mode'],
      registers,
    }),
    activeRoutes: new Gauge({
      name: 'gateway_active_routes',
      help: 'Routes in the running configuration',
      registers,
    }),
    buildInfo: new Gauge({
      name: 'gateway_build_info',
      help: 'Always 1',
      labelNames: ['version'],
      registers,
    }),
  };
}

function configMetrics(registers: Registry[]) {
  return {
    configRevision: new Gauge({
      name: 'gateway_config_applied_revision',
      help: 'Configuration revision this instance runs',
      registers,
    }),
    configApply: new Histogram({
      name: 'gateway_config_apply_seconds',
      help: 'Validating, compiling and swapping a configuration change',
      buckets: OVERHEAD_SECONDS,
      registers,
    }),
    configNacks: new Gauge({
      name: 'gateway_config_nacks',
      help: 'Resources refused now; their last good value goes on serving',
      labelNames: ['kind'],
      registers,
    }),
    configSource: new Gauge({
      name: 'gateway_config_source',
      help: '1 for where the running configuration was last confirmed: a source, snapshot or none',
      labelNames: ['source'],
      registers,
    }),
    configPinned: new Gauge({
      name: 'gateway_config_pinned',
      help: 'Revision an operator pinned this instance to, and whether it runs it; absent: none',
      labelNames: ['reached'],
      registers,
    }),
  };
}

function snapshotMetrics(registers: Registry[]) {
  return {
    snapshotAge: new Gauge({
      name: 'gateway_snapshot_age_seconds',
      help: 'Since the snapshot on disk was last known to be the newest configuration; -1: none',
      registers,
    }),
    snapshotWriteFailures: new Counter({
      name: 'gateway_snapshot_write_failures_total',
      help: 'Attempts to write the snapshot that failed; the old one stays',
      registers,
    }),
    snapshotsDiscarded: new Counter({
      name: 'gateway_snapshots_discarded_total',
      help: 'Snapshots found on disk that were damaged or foreign',
      registers,
    }),
  };
}
