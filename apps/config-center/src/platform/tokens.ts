/** Injection tokens of what is no class. */
export const SETTINGS = Symbol('Settings');
export const LOGGER = Symbol('Logger');
export const REGISTRY = Symbol('Registry');
/** `RedisConnection`, or null in embedded mode. */
export const REDIS = Symbol('RedisConnection');
/** `RedisCopy`, or null in embedded mode. */
export const REDIS_COPY = Symbol('RedisCopy');
