import 'reflect-metadata';
import type { Page } from '@ai-gateway/contracts';
import { describe, expect, it } from 'vitest';
import { TestApp, testSettings } from '../../admin-api-client.contract.js';
import { DemoSeeder } from './demo.seeder.js';

describe('demo data', () => {
  it('is added once and leaves edits alone', async () => {
    const app = await TestApp.start(testSettings());
    try {
      const seeder = app.app.get(DemoSeeder);
      await seeder.seed();
      const list = async (kind: string) =>
        (await app.call<Page<Record<string, unknown>>>('GET', `/api/v1/${kind}`)).body.items;
      const codes = (await list('namespaces')).map((item) => item['namespace_code']);
      expect(codes).toEqual(['demo', 'wechat', 'alipay']);
      const models = (await list('models')).map((item) => item['model_name']);
      expect(models).toEqual(['gpt-4o', 'gpt-4o-mini', 'Qwen3-8B', 'claude-sonnet-4-5']);
      const body = { namespace_name: 'mine' };
      await app.call('PUT', '/api/v1/namespaces/1', { body, ifMatch: '*' });
      const before = (await app.call('GET', '/api/v1/feed/head')).body;
      await seeder.seed();
      expect((await app.call('GET', '/api/v1/feed/head')).body).toEqual(before);
      expect((await list('namespaces'))[0]).toMatchObject({ namespace_name: 'mine' });
    } finally {
      await app.stop();
    }
  });
});
