/** What Prometheus is told of the fleet, read when it asks. */
import { INSTANCE_STATES, type ConfigHead } from '@ai-gateway/contracts';
import { Gauge, type Registry } from '@ai-gateway/node-runtime';
import { stateOf } from './instance-record.js';
import type { InstanceRegistry } from './instance-registry.js';
import { lagOf } from './instance-view.js';

export function registerInstanceMetrics(
  registry: Registry,
  instances: InstanceRegistry,
  currentHead: () => ConfigHead | null,
): void {
  new Gauge({
    name: 'config_center_instances',
    help: 'Gateway instances by state.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const nowMs = Date.now();
      const states = instances.current().map((record) => stateOf(record, nowMs));
      for (const state of INSTANCE_STATES) {
        this.set({ state }, states.filter((each) => each === state).length);
      }
    },
  });
  new Gauge({
    name: 'config_center_instance_lag_revisions',
    help: 'Revisions the last of the live instances is behind; pinned ones do not count.',
    registers: [registry],
    collect() {
      const nowMs = Date.now();
      const live = instances.current().filter((record) => stateOf(record, nowMs) === 'live');
      const lags = live
        .filter(({ report }) => report.pinned_revision === null)
        .map(({ report }) => lagOf(report, currentHead()) ?? 0);
      this.set(Math.max(0, ...lags));
    },
  });
}
