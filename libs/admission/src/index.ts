export * from './admission.port.js';
