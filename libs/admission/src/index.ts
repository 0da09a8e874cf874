export * from './admission.port.js';
export type { SharedAdmission } from './shared-admission.port.js';
export {
  createFailoverAdmission,
  type FailoverAdmission,
  type FailoverAdmissionOptions,
} from './failover.admission.js';
export {
  createMemoryAdmission,
  type MemoryAdmission,
  type MemoryAdmissionOptions,
} from './memory.admission.js';
export {
  createRedisAdmission,
  type RedisAdmission,
  type RedisAdmissionOptions,
} from './redis.admission.js';
export {
  createRedisCounterReader,
  type RedisCounterReaderOptions,
} from './redis.counter-reader.js';
export type { RedisClient } from './redis-script.js';
