import { SettingsError } from '@ai-gateway/node-runtime';
import { describe, expect, it } from 'vitest';
import { readSettings } from './settings.js';

const CREDENTIAL = 'a-credential-of-our-own';

describe('settings', () => {
  it('listen on loopback without a credential by default', () => {
    expect(readSettings({})).toEqual({
      port: 8002,
      host: '127.0.0.1',
      logLevel: 'info',
      credential: null,
      strictModels: false,
      serveDocs: true,
      budgetMs: 100,
      threads: 0,
      redisUrl: null,
      configCenter: null,
      sealingSecret: null,
      dataDir: './data',
      tokenizerDir: 'data/tokenizers',
    });
  });

  it.each(['0.0.0.0', '::', '10.0.0.7', 'token.internal', '127.0.0.1.example.com'])(
    'refuse to serve on %s without a credential',
    (SERVER_HOST) => {
      expect(() => readSettings({ SERVER_HOST })).toThrow(/TOKEN_SERVICE_CREDENTIAL: is required/);
      const open = readSettings({ SERVER_HOST, TOKEN_SERVICE_CREDENTIAL: CREDENTIAL });
      expect(open).toMatchObject({ host: SERVER_HOST, credential: CREDENTIAL });
    },
  );

  it.each(['127.0.0.1', '127.8.0.1', '::1', 'localhost'])('take %s for loopback', (host) => {
    expect(readSettings({ SERVER_HOST: host }).host).toBe(host);
  });

  it.each([
    { TOKEN_SERVICE_CREDENTIAL: 'short' },
    { TOKEN_SERVICE_CREDENTIAL: 'no Bearer can carry spaces' },
    { TOKEN_SERVICE_CREDENTIAL: 'admin_secret_token' },
    { TOKEN_SERVICE_PORT: 'eighty' },
    { TOKEN_SERVICE_STRICT_MODELS: 'perhaps' },
    { TOKEN_SERVICE_UNKNOWN: '1' },
  ])('refuse %j', (env) => {
    expect(() => readSettings(env)).toThrow(SettingsError);
  });

  it('may name where callers find the service', () => {
    expect(readSettings({ TOKEN_SERVICE_URL: 'http://127.0.0.1:8002', DEBUG: '1' }).logLevel).toBe(
      'debug',
    );
  });
});
