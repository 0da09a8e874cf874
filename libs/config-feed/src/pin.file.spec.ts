import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PinFile } from './pin.file.js';

let folder: string;
let path: string;
let problems: (string | null)[];
let pin: PinFile;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pin-'));
  path = join(folder, 'pinned-revision');
  problems = [];
  pin = new PinFile(path, (problem) => problems.push(problem));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('pins nothing when it is not there', async () => {
  expect(await pin.read()).toBeNull();
  expect(problems).toEqual([]);
});

it('pins the revision it contains until it is removed', async () => {
  writeFileSync(path, ' 42\n');
  expect(await pin.read()).toBe(42);
  rmSync(path);
  expect(await pin.read()).toBeNull();
});

it.each(['', 'latest', '-1', '4.2', '12 13', '9'.repeat(16)])(
  'tells once of content that is no revision, and changes nothing: %j',
  async (content) => {
    writeFileSync(path, content);
    expect([await pin.read(), await pin.read()]).toEqual([null, null]);
    expect(problems).toEqual(['does not contain the number of a revision']);
    writeFileSync(path, '7');
    expect(await pin.read()).toBe(7);
    writeFileSync(path, content);
    expect(await pin.read()).toBe(7);
    rmSync(path);
    expect(await pin.read()).toBeNull();
    expect(problems.at(-1)).toBeNull();
  },
);
