/** Starts and stops what keeps the matrix up to date. */
import {
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { HeadWatch } from '../../platform/revisions/head-watch.js';
import { DigestHistory } from './digest-history.js';
import { InstanceRegistry } from './instance-registry.js';

const PRUNE_MS = 60_000;

@Injectable()
export class InstancesLifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly registry: InstanceRegistry,
    private readonly digests: DigestHistory,
    private readonly heads: HeadWatch,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.registry.refresh(0);
    this.heads.onMove(() => void this.digests.follow());
    void this.digests.follow();
    this.timer = setInterval(() => void this.registry.prune(), PRUNE_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    await this.digests.stop();
    await this.registry.save();
  }
}
