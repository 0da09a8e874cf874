export type * from './config-source.port.js';
