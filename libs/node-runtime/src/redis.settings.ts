/** Where Redis is: one URL, or the parts the documents know. */
import { z } from 'zod';
import { setting } from './settings.js';

export const redisShape = {
  REDIS_URL: z
    .url({ protocol: /^rediss?$/ })
    .optional()
    .describe('redis:// or rediss://, for example redis://redis:6379/0'),
  REDIS_HOST: z.string().optional().describe('with the other REDIS_* parts: instead of REDIS_URL'),
  REDIS_PORT: setting.port(6379).describe('port of Redis'),
  REDIS_PASSWORD: z.string().optional().describe('password of Redis'),
  REDIS_DB: setting.count(0, 0, 65_535).describe('database number of Redis'),
};

export const REDIS_SECRETS = ['REDIS_URL', 'REDIS_PASSWORD'] as const;

export type RedisSettings = z.output<z.ZodObject<typeof redisShape>>;

/** Null: there is no Redis. */
export function redisUrlOf(values: RedisSettings): string | null {
  if (values.REDIS_URL !== undefined) return values.REDIS_URL;
  if (values.REDIS_HOST === undefined) return null;
  const url = new URL(`redis://${values.REDIS_HOST}:${values.REDIS_PORT}`);
  url.password = encodeURIComponent(values.REDIS_PASSWORD ?? '');
  url.pathname = `/${values.REDIS_DB}`;
  return url.href;
}
