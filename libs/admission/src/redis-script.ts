/**
 * A Lua script kept in its own file. Runs by digest and is sent in full only to a server that does
 * not know it (first use, restart, failover); ioredis' `defineCommand` would do the same but changes
 * the client and escapes the type system.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Command, type Cluster, type Redis } from 'ioredis';

export type RedisClient = Redis | Cluster;
export type ScriptArgument = string | number;

export class RedisScript {
  private readonly source: string;
  private readonly digest: string;

  /** @param file name within this library's `lua` folder */
  constructor(file: string) {
    this.source = readFileSync(new URL(`../lua/${file}`, import.meta.url), 'utf8');
    this.digest = createHash('sha1').update(this.source).digest('hex');
  }

  /** @param keysAndArgs the keys, then the arguments: one array, as it goes on the wire */
  async run(redis: RedisClient, keyCount: number, keysAndArgs: ScriptArgument[]): Promise<unknown> {
    try {
      return await send(redis, 'evalsha', [this.digest, keyCount, ...keysAndArgs]);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return send(redis, 'eval', [this.source, keyCount, ...keysAndArgs]);
    }
  }
}

/** Past the client's automatic pipelining, which would hold the call back for another turn. */
function send(redis: RedisClient, name: string, args: ScriptArgument[]): Promise<unknown> {
  const command = new Command(name, args, { replyEncoding: 'utf8' });
  return redis.sendCommand(command) as Promise<unknown>;
}
