/**
 * A Lua script kept in its own file. Runs by digest and is sent in full only to a server that does
 * not know it (first use, restart, SCRIPT FLUSH); ioredis' `defineCommand` would do the same but
 * changes the client and escapes the type system.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Command, type Cluster, type Redis } from 'ioredis';

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
    const rest = [keys.length, ...keys, ...args];
    try {
      return await send(redis, 'evalsha', [this.digest, ...rest]);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return send(redis, 'eval', [this.source, ...rest]);
    }
  }
}

/** One array, as it goes on the wire: a large revision has more arguments than a call can take. */
function send(redis: Redis | Cluster, name: string, args: (string | number)[]): Promise<unknown> {
  const command = new Command(name, args, { replyEncoding: 'utf8' });
  return redis.sendCommand(command) as Promise<unknown>;
}
