import 'reflect-metadata';
import { describe, expect, it } from 'vitest';
import { SERVICE_CREDENTIAL, TestApp, testSettings } from './admin-api-client.contract.js';
import { describeAdminApi } from './admin-api.contract.js';
import { describeGatewaySettings } from './features/gateway-settings/gateway-settings.contract.js';
import { describePolicies } from './features/policies/policies.contract.js';
import { describeTokenRules } from './features/token-rules/token-rules.contract.js';

const EMBEDDED = 'the embedded database';
describeAdminApi(EMBEDDED, () => Promise.resolve({}));
describePolicies(EMBEDDED, () => Promise.resolve({}));
describeTokenRules(EMBEDDED, () => Promise.resolve({}));
describeGatewaySettings(EMBEDDED, () => Promise.resolve({}));

describe('the service credential', () => {
  it('opens service routes and no others', async () => {
    const app = await TestApp.start(testSettings(), { guarded: true });
    try {
      const bearer = { headers: { authorization: `Bearer ${SERVICE_CREDENTIAL}` } };
      expect((await app.call('GET', '/api/v1/namespaces')).status).toBe(401);
      expect((await app.call('GET', '/api/v1/feed/head')).status).toBe(401);
      expect((await app.call('GET', '/livez')).status).toBe(200);
      expect((await app.call('GET', '/api/v1/feed/head', bearer)).status).toBe(200);
      expect((await app.call('GET', '/api/v1/namespaces', bearer)).status).toBe(403);
      expect((await app.call('GET', '/health', bearer)).body).toEqual({
        status: 'healthy',
        storage: { redis: 'not_configured', mysql: 'healthy' },
        database: 'sqlite',
      });
    } finally {
      await app.stop();
    }
  });
});
