export * from './config-values.builder.js';
export * from './fault-proxy.control.js';
export * from './fault-proxy.js';
export * from './raw-http.js';
export * from './spawn-app.js';
