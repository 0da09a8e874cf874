export type * from './limit.types.js';
export type * from './request-facts.js';
