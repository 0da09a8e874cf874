/**
 * A Lua script kept in its own file. Runs by digest and is sent in full only to a server that does
 * not know it (first use, restart, SCRIPT FLUSH); ioredis' `defineCommand` would do the same but
 * changes the client and escapes the type system.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';

export class RedisScript {
  private readonly source: string;
  private readonly digest: string;

  /** @param file name within this library's `lua` folder */
  constructor(file: string) {
    this.source = readFileSync(new URL(`../lua/${file}`, import.meta.url), 'utf8');
    this.digest = createHash('sha1').update(this.source).digest('hex');
  }

  async run(
    redis: Redis | Cluster,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    try {
      return await redis.evalsha(this.digest, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return redis.eval(this.source, keys.length, ...keys, ...args);
    }
  }
}
