/** How this gateway is: for probes, operators and the balancer in front. */
import type { Admission } from '@ai-gateway/admission';
import type { FollowerStatus } from '@ai-gateway/config-feed';
import type { Registry } from '@ai-gateway/node-runtime';
import type { RunningConfig } from '../config/running-config.js';

export interface GatewayHealth {
  status: 'healthy' | 'degraded' | 'unhealthy';
  instance: string;
  config: {
    epoch: string | null;
    revision: number | null;
    source: string | null;
    last_contact: string | null;
    refused_resources: { kind: string; id: number; revision: number; reason: string }[];
  };
  limits: string;
}

export class GatewayState {
  private draining = false;

  constructor(
    readonly registry: Registry,
    private readonly instanceId: string,
    private readonly config: RunningConfig,
    private readonly admission: Admission,
  ) {}

  /** From now on `/readyz` answers 503, so that balancers send no more requests. */
  beginDraining(): void {
    this.draining = true;
  }

  get isReady(): boolean {
    return !this.draining && this.config.current !== null;
  }

  health(): GatewayHealth {
    const status = this.config.status();
    return {
      status: this.statusOf(status),
      instance: this.instanceId,
      config: {
        epoch: status.applied?.epoch ?? null,
        revision: status.applied?.revision ?? null,
        source: status.source,
        last_contact:
          status.lastContactMs === null ? null : new Date(status.lastContactMs).toISOString(),
        refused_resources: status.nacks.map(({ kind, id, revision, reason }) => ({
          kind,
          id,
          revision,
          reason,
        })),
      },
      limits: this.admission.mode,
    };
  }

  private statusOf(status: FollowerStatus): GatewayHealth['status'] {
    if (!this.isReady) return 'unhealthy';
    const isWhole =
      status.source !== null && status.nacks.length === 0 && this.admission.mode !== 'degraded';
    return isWhole ? 'healthy' : 'degraded';
  }
}
