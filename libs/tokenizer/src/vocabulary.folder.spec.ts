import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BUILT_IN_MODELS } from './model-encodings.js';
import { resolveModel } from './model-rules.js';
import { sampleTexts } from './sample-texts.js';
import {
  PATTERNS,
  bufferOf,
  byteLevel,
  sequence,
  split,
  syntheticFile,
  unigramFile,
} from './synthetic-tokenizer.contract.js';
import { countChat, countText, countTextInSlices } from './token-count.js';
import {
  brokenVocabularies,
  findCounter,
  useVocabularies,
  vocabularyNames,
} from './vocabulary.catalog.js';
import { runVocabularyCommand } from './vocabulary.command.js';
import { VocabularyFolder, counterOfFile, vocabularyPaths } from './vocabulary.folder.js';

const LLAMA = syntheticFile({
  preTokenizer: sequence(split(PATTERNS.letters3), byteLevel(false)),
  model: { ignore_merges: true },
});

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vocabularies-'));
  file = join(directory, 'given.json');
  writeFileSync(file, bufferOf(LLAMA));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
  useVocabularies(directory);
});

const add = (name: string, path = file) =>
  runVocabularyCommand(['add-vocabulary', '--name', name, '--file', path], directory);

describe('the command', () => {
  it('adds a vocabulary that counts as the file it was made from', () => {
    expect(add('llama3')).toMatchObject({ exitCode: 0 });
    const loaded = new VocabularyFolder(directory).load('llama3');
    const original = counterOfFile('original', bufferOf(LLAMA));
    for (const text of sampleTexts()) expect(loaded.encode(text)).toEqual(original.encode(text));
  });

  it('says how many texts have the ids of the reference, and what it wrote', () => {
    const { output } = add('llama3');
    expect(output).toMatch(/^llama3: \d+ byte-level tokens\n(\d+) of \1 texts have the ids/);
    expect(output).toContain(vocabularyPaths(directory, 'llama3').ranks);
  });

  it('compares on a corpus as well, and writes nothing when it only checks', () => {
    const args = ['check-vocabulary', '--file', file, '--corpus', directory];
    expect(runVocabularyCommand(args, directory)).toMatchObject({ exitCode: 0 });
    expect(new VocabularyFolder(directory).names.size).toBe(0);
  });

  it('keeps the original file of a vocabulary that is not for the engine, and says why', () => {
    const other = join(directory, 'unigram.json');
    writeFileSync(other, bufferOf(unigramFile()));
    expect(add('gemma', other).output).toContain('the model is "Unigram", not BPE');
    const counter = new VocabularyFolder(directory).load('gemma');
    expect(counter.slow).toBe(true);
    expect(counter.count('hello world')).toEqual({ tokens: 2, exact: true });
  });

  it.each([
    [['add-vocabulary']],
    [['add-vocabulary', '--name', 'x']],
    [['add-vocabulary', '--name', 'x', '--file', 'y', '--force']],
    [['drop-vocabulary', '--name', 'x', '--file', 'y']],
    [[]],
  ])('with arguments %j tells its usage', (args) => {
    expect(runVocabularyCommand(args, directory)).toMatchObject({ exitCode: 2 });
  });

  it.each(['../up', 'UPPER', '', 'a/b', '.hidden'])('does not take the name %j', (name) => {
    expect(add(name)).toMatchObject({ exitCode: 1 });
  });

  it('says that a file is missing or broken', () => {
    expect(add('x', join(directory, 'missing.json')).output).toContain('ENOENT');
    writeFileSync(file, 'no json');
    expect(add('x')).toEqual({ exitCode: 1, output: `${file}: is not JSON\n` });
  });
});

describe('a folder', () => {
  it('that does not exist has no vocabularies', () => {
    expect(new VocabularyFolder(join(directory, 'missing')).names.size).toBe(0);
  });

  it('offers tokenizer.json files as they are', () => {
    mkdirSync(join(directory, 'mine'));
    writeFileSync(join(directory, 'mine', 'tokenizer.json'), bufferOf(LLAMA));
    useVocabularies(directory);
    expect(vocabularyNames()).toContain('mine');
    expect(findCounter('mine')?.count('the quick brown fox').exact).toBe(true);
  });

  it.each(['../etc', '__proto__', 'constructor', 'given.json'])('has nothing by %j', (name) => {
    useVocabularies(directory);
    expect(findCounter(name)).toBeNull();
  });
});

describe('a broken vocabulary', () => {
  const spoil = {
    'a changed byte': () => {
      const { ranks } = vocabularyPaths(directory, 'llama3');
      const bytes = readFileSync(ranks);
      bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
      writeFileSync(ranks, bytes);
    },
    'no ranks': () => rmSync(vocabularyPaths(directory, 'llama3').ranks),
    'a manifest that is not JSON': () =>
      writeFileSync(vocabularyPaths(directory, 'llama3').manifest, '{'),
    'a manifest of another format': () =>
      writeFileSync(vocabularyPaths(directory, 'llama3').manifest, '{"format":2}'),
  };

  it.each(Object.entries(spoil))('(%s) is named, and its models are estimated', (_what, change) => {
    add('llama3');
    change();
    useVocabularies(directory);
    expect(resolveModel('llama-3-8b-instruct', BUILT_IN_MODELS)?.encoding).toBe('llama3');
    const counted = countText('llama-3-8b-instruct', 'hello world');
    expect(counted).toMatchObject({ encoding: 'cl100k_base', method: 'estimate' });
    expect(brokenVocabularies().has('llama3')).toBe(true);
    expect(resolveModel('llama-3-8b-instruct', BUILT_IN_MODELS)?.encoding).toBe('cl100k_base');
  });
});

describe('a model whose vocabulary has been added', () => {
  beforeEach(() => {
    add('llama3');
    useVocabularies(directory);
  });

  it('is counted exactly, text and chat', () => {
    const messages = [{ role: 'user', content: 'hello' }];
    expect(countText('Llama-3-8B', 'hello').method).toBe('exact');
    expect(countChat('Llama-3-8B', { messages })).toMatchObject({
      encoding: 'llama3',
      method: 'exact',
    });
  });

  it('is an estimate for templates that are not published', () => {
    const messages = [{ role: 'user', content: 'hello' }];
    expect(countChat('llama-4-scout', { messages }).method).toBe('estimate');
  });
});

describe('the slow counter', () => {
  it('cuts long texts and says that their count is an estimate', async () => {
    mkdirSync(join(directory, 'gemma'));
    writeFileSync(join(directory, 'gemma', 'tokenizer.json'), bufferOf(unigramFile()));
    useVocabularies(directory);
    const counter = findCounter('gemma');
    const text = 'hello world '.repeat(2000);
    expect(counter?.count(text)).toMatchObject({ exact: false });
    expect(counter?.count(text).tokens).toBeGreaterThan(3900);
    const short = await countTextInSlices('gpt-4o', 'hello');
    expect(short.method).toBe('exact');
  });
});
