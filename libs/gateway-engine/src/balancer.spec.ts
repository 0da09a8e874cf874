import type { UpstreamConfig } from '@ai-gateway/contracts';
import { describe, expect, it } from 'vitest';
import { BalancerState, chooseTarget } from './balancer.js';
import { target, upstream } from './config.samples.js';
import { compileTarget, compileUpstream } from './upstream.compiler.js';

const group = (algorithm: UpstreamConfig['algorithm'], weights: readonly number[]) =>
  compileUpstream(
    upstream(1, { algorithm }),
    weights.map((weight, i) => compileTarget(target(i + 1, { weight }))),
  );

const never = (): number => {
  throw new Error('not random');
};

function counts(picks: readonly (number | undefined)[]): Record<string, number> {
  const result: Record<string, number> = {};
  for (const pick of picks) result[String(pick)] = (result[String(pick)] ?? 0) + 1;
  return result;
}

describe('no target', () => {
  it.each(['round_robin', 'weighted_random', 'least_connections'] as const)(
    'is left for %s when there is none, none with a weight, or all were tried',
    (algorithm) => {
      const state = new BalancerState();
      expect(chooseTarget(group(algorithm, []), state, never)).toBeNull();
      expect(chooseTarget(group(algorithm, [0, 0]), state, never)).toBeNull();
      expect(chooseTarget(group(algorithm, [1]), state, never, new Set([1]))).toBeNull();
    },
  );
});

describe('round robin', () => {
  it('shares evenly, also when the table is compiled again in between', () => {
    const state = new BalancerState();
    const picks = Array.from(
      { length: 9 },
      () => chooseTarget(group('round_robin', [1, 100, 5]), state, never)?.id,
    );
    expect(picks).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3]);
  });

  it('gives a target of weight 0 nothing', () => {
    const state = new BalancerState();
    const balanced = group('round_robin', [0, 1, 1]);
    const picks = Array.from({ length: 4 }, () => chooseTarget(balanced, state, never)?.id);
    expect(counts(picks)).toEqual({ 2: 2, 3: 2 });
  });

  it('keeps first tries even while every request retries once', () => {
    const state = new BalancerState();
    const balanced = group('round_robin', [1, 1]);
    const firsts = Array.from({ length: 6 }, () => {
      const first = chooseTarget(balanced, state, never);
      const second = chooseTarget(balanced, state, never, new Set([first?.id ?? 0]));
      expect(second?.id).not.toBe(first?.id);
      return first?.id;
    });
    expect(counts(firsts)).toEqual({ 1: 3, 2: 3 });
  });
});

describe('weighted random', () => {
  it.each([
    [0, 1],
    [0.099, 1],
    [0.1, 3],
    [0.999_999, 3],
    [1, 3],
  ])('a random %f of weights 10, 0, 90 is target %i', (random, expected) => {
    const balanced = group('weighted_random', [10, 0, 90]);
    expect(chooseTarget(balanced, new BalancerState(), () => random)?.id).toBe(expected);
  });

  it('spreads a retry over what is left', () => {
    const balanced = group('weighted_random', [10, 90]);
    expect(chooseTarget(balanced, new BalancerState(), () => 0, new Set([1]))?.id).toBe(2);
  });
});

describe('least connections', () => {
  it('takes the target with the fewest requests in flight per weight', () => {
    const state = new BalancerState();
    const balanced = group('least_connections', [1, 2]);
    const picks = Array.from({ length: 6 }, () => {
      const id = chooseTarget(balanced, state, never)?.id ?? 0;
      state.started(id);
      return id;
    });
    expect(counts(picks)).toEqual({ 1: 2, 2: 4 });
    for (let i = 0; i < 4; i += 1) state.ended(2);
    expect(chooseTarget(balanced, state, never)?.id).toBe(2);
  });

  it('shares idle targets by turns', () => {
    const state = new BalancerState();
    const balanced = group('least_connections', [5, 5]);
    const picks = Array.from({ length: 4 }, () => chooseTarget(balanced, state, never)?.id);
    expect(picks).toEqual([1, 2, 1, 2]);
  });

  it('never counts below zero', () => {
    const state = new BalancerState();
    state.ended(1);
    expect(state.inFlight(1)).toBe(0);
    state.started(1);
    expect(state.inFlight(1)).toBe(1);
  });
});

describe('a compiled target', () => {
  it.each([
    ['http://host:8000', 'http://host:8000', ''],
    ['https://host/', 'https://host', ''],
    ['https://host:443/v1/', 'https://host', '/v1'],
    ['http://[::1]:80/a/b', 'http://[::1]', '/a/b'],
  ])('%s is %s with base %j', (url, origin, basePath) => {
    expect(compileTarget(target(1, { url }))).toMatchObject({ origin, basePath });
  });

  it('maps models by own names only', () => {
    const map = JSON.parse('{"gpt-4o":"gpt-4o-2024","__proto__":"x"}') as Record<string, string>;
    const { modelMap } = compileTarget(target(1, { model_map: map }));
    expect(modelMap.get('gpt-4o')).toBe('gpt-4o-2024');
    expect(modelMap.get('toString')).toBeUndefined();
  });
});
