export type * from './config-source.port.js';
export { ConfigDigest, canonicalJson } from './config-digest.js';
export * from './config-follower.js';
export type { ConfigResources, Nack } from './config-resources.js';
export * from './config-store.js';
export type { FeedBounds } from './feed.decoder.js';
export * from './http-config.source.js';
export * from './redis-config.publisher.js';
export * from './redis-config.source.js';
