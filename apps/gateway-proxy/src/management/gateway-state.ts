/** How this gateway is: for probes, operators and the balancer in front. */
import type { Admission } from '@ai-gateway/admission';
import type { FollowerStatus } from '@ai-gateway/config-feed';
import type { Registry } from '@ai-gateway/node-runtime';
import type { RunningConfig } from '../config/running-config.js';

export interface GatewayHealth {
  status: 'healthy' | 'degraded' | 'unhealthy';
  instance: string;
  groups: readonly string[];
  config: {
    epoch: string | null;
    revision: number | null;
    /** Who confirmed it last; `snapshot` until somebody has; null while nobody answers. */
    source: string | null;
    last_contact: string | null;
    /** `problem` says why another revision runs. */
    pinned: { revision: number; problem: string | null } | null;
    refused_resources: {
      kind: string;
      id: number;
      revision: number;
      reason: string;
      /** ISO time; the same also after a restart, for as long as the resource stays refused. */
      since: string;
    }[];
  };
  api_keys: 'accepted' | 'refused';
  limits: string;
  /** Revision since which the settings in effect hold; 0: those of the environment alone. */
  settings_revision: number;
}

/** Who this gateway is to its operators. */
export interface InstanceIdentity {
  readonly instanceId: string;
  readonly groups: readonly string[];
}

export class GatewayState {
  private draining = false;

  constructor(
    readonly registry: Registry,
    private readonly identity: InstanceIdentity,
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
      instance: this.identity.instanceId,
      groups: this.identity.groups,
      config: {
        epoch: status.applied?.epoch ?? null,
        revision: status.applied?.revision ?? null,
        source: status.source,
        last_contact:
          status.lastContactMs === null ? null : new Date(status.lastContactMs).toISOString(),
        pinned: status.pin,
        refused_resources: status.nacks.map(({ kind, id, revision, reason, since }) => ({
          kind,
          id,
          revision,
          reason,
          since,
        })),
      },
      api_keys: this.config.keys.isStale ? 'refused' : 'accepted',
      limits: this.admission.mode,
      settings_revision: this.config.settings.revision,
    };
  }

  private statusOf(status: FollowerStatus): GatewayHealth['status'] {
    if (!this.isReady) return 'unhealthy';
    const isConfirmed = status.source !== null && status.source !== 'snapshot';
    const isWhole = isConfirmed && status.pin === null && status.nacks.length === 0;
    return isWhole && this.admission.mode !== 'degraded' ? 'healthy' : 'degraded';
  }
}
