/** Health, store sizes and whether the copy in Redis stands where the database stands. */
import type { ConfigHead } from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import { feedKeys } from '@ai-gateway/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { AuditTrail } from '../../platform/audit/audit-trail.js';
import { Database } from '../../platform/database/database.js';
import type { RedisConnection } from '../../platform/redis/redis-connection.js';
import { ChangeLog } from '../../platform/revisions/change-log.js';
import type { RedisCopy } from '../../platform/revisions/redis-copy.js';
import { REDIS, REDIS_COPY } from '../../platform/tokens.js';
import type { Health, Stats, StoreState, SyncResult } from './system.schema.js';

@Injectable()
export class SystemService {
  constructor(
    private readonly database: Database,
    private readonly log: ChangeLog,
    private readonly audit: AuditTrail,
    @Inject(REDIS) private readonly redis: RedisConnection | null,
    @Inject(REDIS_COPY) private readonly copy: RedisCopy | null,
  ) {}

  /** `unhealthy` without the database; `degraded` when only Redis is away. */
  async health(): Promise<Required<Health>> {
    const [database, redis] = await Promise.all([this.database.isUp(), this.redisState()]);
    const mysql: StoreState = database ? 'healthy' : 'unhealthy';
    const healthy = redis === 'unhealthy' ? 'degraded' : 'healthy';
    return {
      status: database ? healthy : 'unhealthy',
      storage: { redis, mysql },
      database: this.database.kind,
    };
  }

  async stats(): Promise<Stats> {
    const head = await this.log.head();
    const sizes = await this.log.sizes();
    const resources = Object.values(sizes).reduce((sum, size) => sum + size, 0);
    const copy = (await this.copy?.head().catch(() => null)) ?? null;
    const redis = await this.redisNumbers();
    return {
      ...head,
      database: { kind: this.database.kind, resources, sizes },
      redis: redis && { ...redis, epoch: copy?.epoch ?? null, revision: copy?.revision ?? null },
      redis_agrees:
        this.copy === null ? null : isSame(head, copy) && redis?.resources === resources,
      cache_hit_rate: redis?.hit_rate ?? null,
    };
  }

  /** Writes the copy in Redis anew from the database. */
  async sync(): Promise<SyncResult> {
    if (this.copy === null) {
      return { status: 'ok', redis: 'not_configured', ...(await this.log.head()) };
    }
    await this.audit.record({ action: 'sync', objectType: 'redis_copy' });
    try {
      return { status: 'ok', redis: 'healthy', ...(await this.copy.sync()) };
    } catch (cause) {
      throw new AdminError('STORE_UNAVAILABLE', { cause });
    }
  }

  private async redisState(): Promise<StoreState> {
    if (this.redis === null) return 'not_configured';
    return (await this.redis.isUp()) ? 'healthy' : 'unhealthy';
  }

  private async redisNumbers() {
    if (this.redis === null) return null;
    const { client } = this.redis;
    try {
      const [info, resources, keys] = await Promise.all([
        client.info(),
        client.hlen(feedKeys.resources),
        client.dbsize(),
      ]);
      const hits = numberOf(info, 'keyspace_hits');
      const misses = numberOf(info, 'keyspace_misses');
      return {
        resources,
        keys,
        used_memory_bytes: numberOf(info, 'used_memory'),
        hit_rate: hits + misses === 0 ? null : hits / (hits + misses),
      };
    } catch {
      return null;
    }
  }
}

const isSame = (head: ConfigHead, copy: ConfigHead | null): boolean =>
  copy?.epoch === head.epoch && copy.revision === head.revision;

const numberOf = (info: string, field: string): number =>
  Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
