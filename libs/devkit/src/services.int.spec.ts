import { createConnection } from 'node:net';
import { once } from 'node:events';
import { describe, expect, inject, it } from 'vitest';
import { startRedis } from './redis.service.js';
import { firstBytes } from './service-process.js';

/** Sends inline commands and collects the replies until `count` lines came. */
async function redisCommands(url: string, commands: string[]): Promise<string[]> {
  const { port, username, password } = new URL(url);
  const socket = createConnection(Number(port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write([`AUTH ${username} ${password}`, ...commands, 'QUIT', ''].join('\r\n'));
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text.trim().split('\r\n').slice(1, -1);
}

describe('services for tests', () => {
  it('provide a Redis that refuses strangers and never evicts', async () => {
    const url = inject('redisUrl');
    const stranger = await firstBytes(Number(new URL(url).port), 'GET a\r\n');
    expect(String(stranger)).toMatch(/^-NOAUTH/);
    const reply = await redisCommands(url, ['SET devkit:a 1', 'CONFIG GET maxmemory-policy']);
    expect(reply[0]).toBe('+OK');
    expect(reply.at(-1)).toBe('noeviction');
  });

  it('provide a MariaDB that speaks its protocol on the port of the URL', async () => {
    const url = new URL(inject('mysqlUrl'));
    expect(url.protocol).toBe('mysql:');
    expect(url.password).toHaveLength(36);
    const greeting = await firstBytes(Number(url.port));
    expect(greeting?.toString('latin1')).toContain('MariaDB');
  });

  it('a private Redis freezes, crashes and comes back on its port', async () => {
    const redis = await startRedis({ config: ['maxmemory 5mb'] });
    try {
      expect(await redisCommands(redis.url, ['SET a 1'])).toEqual(['+OK']);
      redis.freeze();
      const pending = redisCommands(redis.url, ['GET a']);
      redis.resume();
      expect(await pending).toEqual(['$1', '1']);
      await redis.kill();
      expect(await firstBytes(redis.port, 'PING\r\n')).toBeNull();
      await redis.restart();
      expect(await redisCommands(redis.url, ['GET a'])).toEqual(['$-1']);
    } finally {
      await redis.stop();
    }
  });

  it('a start that fails tells the end of the log', async () => {
    await expect(startRedis({ config: ['no-such-directive 1'] })).rejects.toThrow(/no-such-dir/);
  });
});
