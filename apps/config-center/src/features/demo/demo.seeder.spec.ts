import 'reflect-metadata';
import type { Namespace, Page } from '@ai-gateway/contracts';
import { describe, expect, it } from 'vitest';
import { TestApp, testSettings } from '../../admin-api-client.contract.js';
import { RulesService } from '../rules/rules.service.js';
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
      expect((await list('namespaces'))[0]).toMatchObject({ policy_ids: [1] });
      expect(await list('policies')).toMatchObject([{ policy_id: 1, policy_type: 'mixed' }]);
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

  it('is completed after a run that died, and takes the default from nobody', async () => {
    const app = await TestApp.start(testSettings());
    try {
      const body = { namespace_code: 'mine', namespace_name: 'x', is_default: true };
      await app.call('POST', '/api/v1/namespaces', { body });
      const seeder = app.app.get(DemoSeeder);
      const rules = app.app.get(RulesService);
      const { insert } = rules;
      let left = 4;
      rules.insert = (...parts) => {
        if ((left -= 1) < 0) throw new Error('died');
        return insert.apply(rules, parts);
      };
      await expect(seeder.seed()).rejects.toThrow('died');
      rules.insert = insert;
      await seeder.seed();
      const { items } = (await app.call<Page<Namespace>>('GET', '/api/v1/namespaces')).body;
      expect(items.map((item) => [item.namespace_code, item.is_default])).toEqual([
        ['mine', true],
        ['demo', false],
        ['wechat', false],
        ['alipay', false],
      ]);
      for (const { namespace_id } of items.slice(1)) {
        const list = await app.call('GET', `/api/v1/namespaces/${namespace_id}/rules`);
        expect(list.body['total']).toBe(3);
      }
    } finally {
      await app.stop();
    }
  });
});
