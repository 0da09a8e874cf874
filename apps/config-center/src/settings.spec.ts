import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SettingsError } from '@ai-gateway/node-runtime';
import { describe, expect, it } from 'vitest';
import { readSettings } from './settings.js';

const DATA_DIR = mkdtempSync(join(tmpdir(), 'settings-'));

describe('settings', () => {
  it.each([
    ['CONFIG_CENTER_PORT', 'eighty'],
    ['CONFIG_CENTER_PROT', '8001'],
    ['DATABASE_URL', 'postgres://u:p@h/db'],
    ['DATABASE_URL', 'mysql://ai_gateway:ai_gateway_pass@db/x'],
    ['MYSQL_PASSWORD', '123456'],
    ['REDIS_PASSWORD', 'ai_gateway_redis_pass'],
    ['REDIS_URL', 'http://redis'],
    ['GATEWAY_SERVICE_CREDENTIAL', 'short'],
    ['GATEWAY_SERVICE_CREDENTIAL', 'no Bearer can carry spaces'],
    ['LOG_LEVEL', 'loud'],
  ])('refuse %s=%s without telling the value', (name, value) => {
    const read = () => readSettings({ DATA_DIR, [name]: value });
    expect(read).toThrow(SettingsError);
    expect(read).toThrow(new RegExp(`${name}:`));
    expect(read).not.toThrow(new RegExp(`: .*${value.slice(-8)}`));
  });

  it('default to the embedded mode on loopback, with secrets made once', () => {
    const first = readSettings({ DATA_DIR });
    expect(first).toMatchObject({
      port: 8001,
      host: '127.0.0.1',
      databaseUrl: null,
      redisUrl: null,
    });
    expect(first.upstreamAllowAddresses).toContain('127.0.0.0/8');
    const second = readSettings({ DATA_DIR });
    expect(second.serviceCredential).toBe(first.serviceCredential);
    expect(second.masterKey.kid).toBe(first.masterKey.kid);
  });

  it('build URLs from the parts of the documents', () => {
    const settings = readSettings({
      DATA_DIR,
      MYSQL_HOST: 'db',
      MYSQL_USER: 'gate',
      MYSQL_PASSWORD: 'p@ss/word-1',
      REDIS_HOST: 'cache',
      REDIS_PASSWORD: 'other-secret-1',
      REDIS_DB: '3',
      DEBUG: 'true',
    });
    expect(settings.databaseUrl).toBe('mysql://gate:p%40ss%2Fword-1@db:3306/ai_gateway_config');
    expect(settings.redisUrl).toBe('redis://:other-secret-1@cache:6379/3');
    expect(settings.logLevel).toBe('debug');
    expect(settings.upstreamAllowAddresses).toEqual([]);
  });
});
