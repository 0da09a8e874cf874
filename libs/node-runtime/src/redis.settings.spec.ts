import { describe, expect, it } from 'vitest';
import { redisShape, redisUrlOf } from './redis.settings.js';
import { loadSettings } from './settings.js';

const read = (env: Record<string, string>) =>
  redisUrlOf(loadSettings({ shape: redisShape, ownPrefix: 'REDIS_' }, env));

describe('the address of Redis', () => {
  it('is the URL when there is one', () => {
    expect(read({ REDIS_URL: 'rediss://redis:6380/2', REDIS_HOST: 'other' })).toBe(
      'rediss://redis:6380/2',
    );
  });

  it('is put together from its parts, the password encoded', () => {
    expect(read({ REDIS_HOST: 'redis', REDIS_PASSWORD: 'a/b@c', REDIS_DB: '3' })).toBe(
      'redis://:a%2Fb%40c@redis:6379/3',
    );
  });

  it('is null when nothing is set, and a malformed one stops the start', () => {
    expect(read({})).toBeNull();
    expect(() => read({ REDIS_URL: 'http://redis' })).toThrow('REDIS_URL');
  });
});
