import { knownModelsSchema, type ModelDrift } from '@ai-gateway/contracts';
import { createLogger } from '@ai-gateway/node-runtime';
import { aTokenRule } from '@ai-gateway/testing';
import { ConfiguredModels } from '@ai-gateway/tokenizer';
import { describe, expect, it } from 'vitest';
import { RunningRules } from '../../platform/rules/running-rules.js';
import { post, serve } from '../../served-app.contract.js';
import { readSettings } from '../../settings.js';

const rules = new RunningRules(
  readSettings({}),
  createLogger({ name: 'test', level: 'error' }),
  [],
);
const estimate = { model_pattern: 'guessed', method: 'estimate', factor: 1.2 } as const;
rules.models = new ConfiguredModels([aTokenRule(estimate), aTokenRule({ token_rule_id: 2 })]);

const url = serve({ rules });
const report = (samples: object[]) => post(url(), { samples }, { path: '/drift' });
const sample = (model: string, counted: number, reported: number) => ({
  model,
  method: 'exact',
  counted,
  reported,
});
const driftOf = async (model: string): Promise<ModelDrift | undefined> => {
  const { items } = (await (await fetch(`${url()}/drift`)).json()) as { items: ModelDrift[] };
  return items.find((item) => item.model === model);
};

describe('drift', () => {
  it.each([
    ['no samples', [], 400],
    ['a count of zero', [sample('m', 0, 1)], 422],
    ['a negative report', [sample('m', 1, -1)], 422],
    ['too many', Array.from({ length: 1001 }, () => sample('m', 1, 1)), 400],
  ])('of %s is refused', async (_what, samples, status) => {
    expect((await report(samples)).status).toBe(status);
  });

  it('is summed up by model, and exact counts get no factor', async () => {
    expect(
      (await report(Array.from({ length: 95 }, () => sample('gpt-4o', 100, 100)))).status,
    ).toBe(202);
    await report(Array.from({ length: 5 }, () => sample('gpt-4o', 90, 100)));
    await report([sample('gpt-4o', 80, 100)]);
    expect(await driftOf('gpt-4o')).toMatchObject({
      samples: 101,
      method: 'exact',
      mean_error: expect.closeTo(-0.7 / 101, 6) as number,
      p95_error: expect.closeTo(0.1, 6) as number,
      factor: 1,
      proposed_factor: null,
    });
    const metrics = await (await fetch(`${url()}/metrics`)).text();
    expect(metrics).toMatch(/token_count_drift_p95_ratio\{model="gpt-4o"\} 0\.1/);
  });

  it('of an estimate proposes the factor by which 95 of 100 counts are not low', async () => {
    await report(Array.from({ length: 49 }, () => sample('guessed', 120, 130)));
    expect(await driftOf('guessed')).toMatchObject({ factor: 1.2, proposed_factor: null });
    await report(Array.from({ length: 51 }, () => sample('guessed', 120, 150)));
    expect(await driftOf('guessed')).toMatchObject({ proposed_factor: 1.5 });
  });

  it('of many models stays bounded, and names are but names', async () => {
    await report([sample('__proto__', 1, 1)]);
    await report(Array.from({ length: 600 }, (_, index) => sample(`model-${index}`, 1, 1)));
    const { items } = (await (await fetch(`${url()}/drift`)).json()) as { items: unknown[] };
    expect(items).toHaveLength(500);
  });
});

describe('the known models', () => {
  it('are listed with rules first, and what becomes of unknown ones', async () => {
    const body = knownModelsSchema.parse(await (await fetch(`${url()}/models`)).json());
    expect(body).toMatchObject({ strict: false, unknown: { method: 'estimate' } });
    expect(body.items.slice(0, 2)).toMatchObject([
      { model_pattern: 'guessed', source: 'rule', factor: 1.2, token_rule_id: 1 },
      { model_pattern: 'own-model*', source: 'rule', method: 'exact' },
    ]);
    expect(body.items.find(({ model_pattern }) => model_pattern === 'qwen3')).toMatchObject({
      encoding: 'qwen2',
      source: 'built_in',
      method: 'exact',
    });
  });
});
