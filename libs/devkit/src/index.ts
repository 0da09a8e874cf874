export { freePort } from './free-port.js';
export { DURABLE, startMariaDb, type RunningMariaDb } from './mariadb.service.js';
export { startRedis, type RedisOptions, type RunningRedis } from './redis.service.js';
export { guardProcess, type Guarded } from './process-guard.js';
