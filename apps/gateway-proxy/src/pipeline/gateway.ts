/** What the pipeline's steps work with: made once at start, the same for every request. */
import type { Admission } from '@ai-gateway/admission';
import type { BalancerState } from '@ai-gateway/gateway-engine';
import type { Logger } from '@ai-gateway/node-runtime';
import type { GatewayMetrics } from '../metrics.js';
import type { DriftReporter } from '../counting/drift-reporter.js';
import type { TokenCounter } from '../counting/token-counter.port.js';
import type { Forwarder, UpgradeForwarder } from '../upstream/forwarder.port.js';
import type { RequestRecorder } from './request-recorder.js';

interface PipelineOptions {
  readonly allowAnonymous: boolean;
  readonly bodyIdleMs: number;
}

export interface Gateway {
  readonly options: PipelineOptions;
  readonly instanceId: string;
  readonly admission: Admission;
  readonly balancer: BalancerState;
  /** Null without a master key: then no API key can be verified. */
  readonly apiKeyDigest: ((key: string) => string) | null;
  /** Stale: nobody could have told this instance of a revoked key. */
  readonly keys: { readonly isStale: boolean };
  readonly forwarder: Forwarder;
  readonly upgradeForwarder: UpgradeForwarder;
  readonly tokenCounter: TokenCounter;
  readonly drift: DriftReporter;
  readonly recorder: RequestRecorder;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: () => number;
}
