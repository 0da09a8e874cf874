export type * from './config-source.port.js';
export * from './redis-config.publisher.js';
