export * from './data-dir.js';
export * from './ids.js';
export * from './logger.js';
export * from './metrics.js';
export * from './published-secrets.js';
export * from './secret-box.js';
export * from './settings.js';
export * from './shutdown.js';
