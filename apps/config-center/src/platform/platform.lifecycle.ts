/** Starts and stops the platform's moving parts in order. */
import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { Database } from './database/database.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { JobRunner } from './jobs/job-runner.js';
import { HeadWatch } from './revisions/head-watch.js';
import type { RedisCopy } from './revisions/redis-copy.js';
import { REDIS, REDIS_COPY } from './tokens.js';

@Injectable()
export class PlatformLifecycle implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly database: Database,
    private readonly heads: HeadWatch,
    private readonly jobs: JobRunner,
    @Inject(REDIS) private readonly redis: RedisConnection | null,
    @Inject(REDIS_COPY) private readonly copy: RedisCopy | null,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.heads.start();
    const { copy, heads } = this;
    if (copy === null) return;
    heads.onMove(() => copy.touch());
    await this.redis?.start(
      () => copy.touch(),
      () => void heads.look(),
    );
    copy.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.jobs.stop();
    this.heads.stop();
    await this.copy?.stop();
    this.redis?.close();
    await this.database.close();
  }
}
