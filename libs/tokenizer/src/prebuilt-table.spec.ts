/** Tables in files: a damaged one is as good as none, a good one is the same encoding. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  adoptTables,
  encodingOf,
  loadEncoding,
  makeTables,
  sharedTablesOf,
} from './encoding.registry.js';
import { Encoding } from './encoding.js';
import { splitGpt2 } from './piece-splitter.js';
import { readPrebuilt, writePrebuilt } from './prebuilt-table.js';

const TEXT = 'The quick brown fox, 12345 times. 你好，世界！ مرحبا 👩‍🚀\n\n  end';

describe('prebuilt tables', () => {
  let folder = '';
  let file = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tables-'));
    file = join(folder, 'r50k_base.tables');
    writePrebuilt(file, makeTables('r50k_base'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are absent where there is no file', () => {
    expect(readPrebuilt(join(folder, 'missing'))).toBeNull();
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['an empty file', () => Buffer.alloc(0)],
    ['a file that is cut short', (bytes) => bytes.subarray(0, bytes.length / 2)],
    [
      'a file of another format',
      (bytes) => Buffer.concat([Buffer.from('zzzz'), bytes.subarray(4)]),
    ],
  ])('are refused from %s', (_what, damaged) => {
    const other = join(folder, 'damaged.tables');
    writeFileSync(other, damaged(readFileSync(file)));
    expect(readPrebuilt(other)).toBeNull();
  });

  it('read back give the same ids', () => {
    const tables = readPrebuilt(file);
    expect(tables).not.toBeNull();
    if (tables === null) return;
    const encoding = new Encoding({ name: 'read', split: splitGpt2, composes: false, ...tables });
    expect(encoding.encode(TEXT)).toEqual(loadEncoding('r50k_base').encode(TEXT));
  });
});

describe('tables handed to a worker', () => {
  it('give the same ids from the same memory', () => {
    const sent = sharedTablesOf('p50k_base');
    const expected = loadEncoding('p50k_base').encode(TEXT);
    adoptTables('p50k_base', sent);
    expect(sent.ranks.slots.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(sharedTablesOf('p50k_base').ranks.slots.buffer).toBe(sent.ranks.slots.buffer);
    expect(encodingOf('p50k_base')?.encode(TEXT)).toEqual(expected);
  });
});

describe('an encoding by name', () => {
  it.each(['__proto__', 'constructor', '../../etc/passwd', '', 'O200K_BASE'])(
    'is not %j',
    (name) => {
      expect(encodingOf(name)).toBeNull();
    },
  );

  it('is shared by names that differ in special tokens only', () => {
    expect(encodingOf('o200k_harmony')).toBe(loadEncoding('o200k_base'));
  });
});
