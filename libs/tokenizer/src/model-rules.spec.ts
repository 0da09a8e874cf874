import { describe, expect, it } from 'vitest';
import { BUILT_IN_MODELS } from './model-encodings.js';
import { isModelName, ModelRules } from './model-rules.js';

const EXACT: readonly (readonly [model: string, encoding: string])[] = [
  ['gpt-4', 'cl100k_base'],
  ['gpt-4-turbo-2024-04-09', 'cl100k_base'],
  ['gpt-3.5-turbo', 'cl100k_base'],
  ['gpt-35-turbo', 'cl100k_base'],
  ['text-embedding-3-small', 'cl100k_base'],
  ['gpt-4o', 'o200k_base'],
  ['openai/GPT-4o-mini', 'o200k_base'],
  ['gpt-4.1-nano', 'o200k_base'],
  ['o1', 'o200k_base'],
  ['o3-mini', 'o200k_base'],
  ['o4-mini-2025-04-16', 'o200k_base'],
  ['gpt-5', 'o200k_base'],
  ['gpt-5.1-codex', 'o200k_base'],
  ['ft:gpt-4o-mini-2024-07-18:org::id', 'o200k_base'],
  ['text-davinci-003', 'p50k_base'],
  ['davinci', 'r50k_base'],
  ['Qwen3-8B', 'qwen2'],
  ['Qwen/Qwen3-8B', 'qwen2'],
  ['qwen3:8b', 'qwen2'],
  ['Qwen2.5-Coder-32B-Instruct', 'qwen2'],
];
const ESTIMATED: readonly (readonly [model: string, encoding: string])[] = [
  ['qwen3.5-397b', 'qwen2'],
  ['qwen-max', 'qwen2'],
  ['claude-opus-4-8', 'cl100k_base'],
  ['us.anthropic.claude-3-haiku-20240307-v1:0', 'cl100k_base'],
];

describe('the built-in models', () => {
  it.each(EXACT)('%s is counted exactly with %s', (model, encoding) => {
    expect(BUILT_IN_MODELS.find(model)).toMatchObject({ encoding, method: 'exact', factor: 1 });
  });

  it.each(ESTIMATED)('%s is estimated with %s', (model, encoding) => {
    expect(BUILT_IN_MODELS.find(model)).toMatchObject({ encoding, method: 'estimate' });
  });

  it.each(['__proto__', 'constructor', 'toString', '../../etc', 'my-model', 'o12', ''])(
    '%j is unknown and falls back to an estimate with o200k_base',
    (model) => {
      expect(BUILT_IN_MODELS.find(model)).toBeUndefined();
      expect(BUILT_IN_MODELS.ruleOf(model)).toMatchObject({
        encoding: 'o200k_base',
        method: 'estimate',
      });
    },
  );
});

describe('model rules', () => {
  const { fallback } = BUILT_IN_MODELS;
  const rule = (factor: number) => ({ ...fallback, factor });

  it('prefer the exact name, then the longest prefix', () => {
    const rules = new ModelRules(
      [
        [['a*'], rule(2)],
        [['ab*', 'x'], rule(3)],
        [['abc'], rule(4)],
      ],
      fallback,
    );
    expect(['a1', 'abd', 'abc', 'X', 'y'].map((name) => rules.ruleOf(name).factor)).toEqual([
      2, 3, 4, 3, 1,
    ]);
  });
});

describe('a model name', () => {
  it.each(['Qwen3-8B', 'Qwen/Qwen3-8B', 'ft:gpt-4o:org::id', 'qwen3:8b', 'a_b@v1+x', '通义'])(
    'may be %j',
    (name) => expect(isModelName(name)).toBe(true),
  );
  it.each(['../../etc', 'a/../b', '__proto__', '.hidden', '/a', 'a/', 'a b', 'a\n', '', 'a\0'])(
    'may not be %j',
    (name) => expect(isModelName(name)).toBe(false),
  );
});
