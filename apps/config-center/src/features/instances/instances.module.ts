/** Gateway instances: heartbeats, the matrix, and waiting until all have applied a write. */
import type { Heartbeat } from '@ai-gateway/contracts';
import { Counter, type Logger, type Registry } from '@ai-gateway/node-runtime';
import { Module, type Provider } from '@nestjs/common';
import { ChangeLog } from '../../platform/revisions/change-log.js';
import { EpochRenewal } from '../../platform/revisions/epoch-renewal.js';
import { HeadWatch } from '../../platform/revisions/head-watch.js';
import type { RedisCopy } from '../../platform/revisions/redis-copy.js';
import { LOGGER, REDIS_COPY, REGISTRY, SETTINGS } from '../../platform/tokens.js';
import type { Settings } from '../../settings.js';
import { AppliedWait } from './applied-wait.js';
import { DigestHistory } from './digest-history.js';
import { DigestWatch } from './digest-watch.js';
import { InstanceHeartbeats } from './instance-heartbeats.js';
import { InstanceRegistry } from './instance-registry.js';
import { InstanceStore } from './instance-store.js';
import { InstancesController } from './instances.controller.js';
import { InstancesLifecycle } from './instances.lifecycle.js';
import { registerInstanceMetrics } from './instances.metrics.js';
import { InstancesService } from './instances.service.js';

const HOUR_MS = 3_600_000;
/** The copy in Redis is written anew at most this often because of digests. */
const COPY_REPAIR_MS = 30_000;

const providers: Provider[] = [
  InstanceStore,
  InstancesService,
  InstancesLifecycle,
  {
    provide: InstanceRegistry,
    inject: [InstanceStore, HeadWatch, LOGGER, REGISTRY, SETTINGS],
    useFactory: instanceRegistry,
  },
  {
    provide: DigestHistory,
    inject: [ChangeLog, LOGGER],
    useFactory: (log: ChangeLog, logger: Logger) => new DigestHistory(log, logger),
  },
  {
    provide: DigestWatch,
    inject: [REDIS_COPY, LOGGER, REGISTRY],
    useFactory: digestWatch,
  },
  {
    provide: InstanceHeartbeats,
    inject: [InstanceRegistry, DigestWatch, DigestHistory, HeadWatch, EpochRenewal, LOGGER],
    useFactory: heartbeats,
  },
  {
    provide: AppliedWait,
    inject: [InstanceRegistry],
    useFactory: (registry: InstanceRegistry) => new AppliedWait(registry),
  },
];

@Module({ controllers: [InstancesController], providers, exports: [AppliedWait] })
export class InstancesModule {}

function instanceRegistry(
  ...[table, heads, logger, registry, settings]: [
    InstanceStore,
    HeadWatch,
    Logger,
    Registry,
    Settings,
  ]
): InstanceRegistry {
  const retentionMs = settings.instanceRetentionHours * HOUR_MS;
  const instances = new InstanceRegistry({ table, logger, retentionMs });
  registerInstanceMetrics(registry, instances, () => heads.head);
  return instances;
}

/** What one instance received wrongly over Redis, others may still receive: the copy is renewed. */
function digestWatch(copy: RedisCopy | null, logger: Logger, registry: Registry): DigestWatch {
  const mismatches = new Counter({
    name: 'config_center_digest_mismatches_total',
    help: 'Instances found to hold another configuration than their revision’s; they load it anew.',
    registers: [registry],
  });
  let repairedMs = Number.NEGATIVE_INFINITY;
  return new DigestWatch(({ instance_id, revision, digest }: Heartbeat) => {
    mismatches.inc();
    logger.warn(
      { instance_id, revision, digest },
      'an instance holds another configuration than its revision’s; it is told to load it anew',
    );
    if (copy === null || Date.now() - repairedMs < COPY_REPAIR_MS) return;
    repairedMs = Date.now();
    copy.sync().catch((err: unknown) => logger.warn({ err }, 'the copy could not be renewed'));
  });
}

function heartbeats(
  ...[registry, watch, digests, heads, epochs, logger]: [
    InstanceRegistry,
    DigestWatch,
    DigestHistory,
    HeadWatch,
    EpochRenewal,
    Logger,
  ]
): InstanceHeartbeats {
  return new InstanceHeartbeats({
    registry,
    watch,
    currentHead: () => heads.head,
    digestAt: (head) => digests.digestAt(head),
    seen: (head) =>
      void epochs.seen(head).catch((err: unknown) => {
        logger.debug({ err, head }, 'what an instance has seen could not be compared');
      }),
    nowMs: Date.now,
  });
}
