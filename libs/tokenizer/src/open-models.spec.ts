import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { BUILT_IN_MODELS } from './model-encodings.js';
import { resolveModel } from './model-rules.js';
import {
  PATTERNS,
  bufferOf,
  byteLevel,
  sequence,
  split,
  syntheticFile,
} from './synthetic-tokenizer.contract.js';
import { countChat, countText } from './token-count.js';
import { useVocabularies } from './vocabulary.catalog.js';

const directory = mkdtempSync(join(tmpdir(), 'open-models-'));
const none = join(directory, 'none');
afterEach(() => useVocabularies(none));
afterAll(() => rmSync(directory, { recursive: true }));

const ADDABLE: readonly (readonly [model: string, vocabulary: string, chatIsExact: boolean])[] = [
  ['meta-llama/Meta-Llama-3-8B-Instruct', 'llama3', true],
  ['llama3:8b', 'llama3', true],
  ['Llama-3.1-70B-Instruct', 'llama3', true],
  ['llama3.2:1b', 'llama3', true],
  ['meta.llama3-8b-instruct-v1:0', 'llama3', true],
  ['us.meta.llama3-3-70b-instruct-v1:0', 'llama3', true],
  ['deepseek-ai/DeepSeek-V3', 'deepseek-v3', true],
  ['DeepSeek-V3.1', 'deepseek-v3', false],
  ['deepseek-chat', 'deepseek-v3', false],
  ['deepseek-r1', 'deepseek-v3', false],
  ['Mistral-Nemo-Instruct-2407', 'mistral-nemo', true],
  ['ministral-8b-latest', 'mistral-nemo', false],
  ['glm-4-9b-chat', 'glm4', false],
];
const ESTIMATED = [
  ...['llama-4-scout', 'codellama-7b', 'llama-2-7b', 'deepseek-coder-6.7b', 'mixtral-8x7b'],
  ...['mistral-large-latest', 'gemini-2.5-pro', 'gemma-3-27b-it', 'kimi-k2', 'command-r-plus'],
  ...['deepseek-r1-distill-qwen-7b', 'grok-4', 'phi-4', 'amazon.nova-pro-v1:0'],
];

describe('an open model', () => {
  it.each([...ADDABLE.map(([model]) => model), ...ESTIMATED])(
    '%s is known, and an estimate while its vocabulary is not at hand',
    (model) => {
      expect(resolveModel(model, BUILT_IN_MODELS)).not.toBeNull();
      const text = 'The quick brown fox, 敏捷的棕色狐狸';
      const counted = countText(model, text);
      expect(counted).toMatchObject({ encoding: 'cl100k_base', method: 'estimate' });
      expect(counted.tokens).toBeGreaterThan(countText('gpt-4', text).tokens);
    },
  );

  it.each(ADDABLE)('%s is counted by %s once that is added', (model, vocabulary, chatIsExact) => {
    const preTokenizer = sequence(split(PATTERNS.letters3), byteLevel(false));
    mkdirSync(join(directory, vocabulary), { recursive: true });
    writeFileSync(
      join(directory, vocabulary, 'tokenizer.json'),
      bufferOf(syntheticFile({ preTokenizer })),
    );
    useVocabularies(directory);
    expect(countText(model, 'x')).toMatchObject({ encoding: vocabulary, method: 'exact' });
    const { method } = countChat(model, { messages: [{ role: 'user', content: 'x' }] });
    expect(method).toBe(chatIsExact ? 'exact' : 'estimate');
  });

  it('that nobody knows is null in strict mode', () => {
    for (const model of ['acme-1', '__proto__', 'constructor', '../../etc']) {
      expect(resolveModel(model, BUILT_IN_MODELS)).toBeNull();
    }
  });
});
