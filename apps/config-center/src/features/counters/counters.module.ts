/** Counters live in Redis or, without it, in the gateway's memory. */
import { createRedisCounterReader, type CounterReader } from '@ai-gateway/admission';
import { Module } from '@nestjs/common';
import type { RedisConnection } from '../../platform/redis/redis-connection.js';
import { REDIS, SETTINGS } from '../../platform/tokens.js';
import type { Settings } from '../../settings.js';
import { CountersController } from './counters.controller.js';
import { COUNTER_READER, CountersService } from './counters.service.js';
import { HttpCounterReader } from './http-counter-reader.js';

function counterReader(redis: RedisConnection | null, settings: Settings): CounterReader {
  if (redis !== null) return createRedisCounterReader({ redis: redis.client });
  return new HttpCounterReader({
    managementUrl: settings.gatewayManagementUrl,
    credential: settings.serviceCredential,
  });
}

@Module({
  controllers: [CountersController],
  providers: [
    CountersService,
    { provide: COUNTER_READER, inject: [REDIS, SETTINGS], useFactory: counterReader },
  ],
})
export class CountersModule {}
