export { freePort } from '@ai-gateway/devkit';
