export * from './encoding.js';
export * from './encoding.registry.js';
