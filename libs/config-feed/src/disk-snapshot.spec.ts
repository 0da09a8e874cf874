import { randomBytes } from 'node:crypto';
import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConfigSnapshot } from './config-snapshot.js';
import { DiskSnapshot } from './disk-snapshot.js';

const KEY = { kid: '0123456789abcdef', key: randomBytes(32) };
const CANARY = 'sk-canary-123456';

let folder: string;
let path: string;
let disk: DiskSnapshot;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-snapshot-'));
  path = join(folder, 'config.snapshot');
  disk = new DiskSnapshot(path, KEY);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const snapshotOf = (revision: number, size = 3): ConfigSnapshot => ({
  epoch: 'epoch-one',
  revision,
  entries: Array.from({ length: size }, (_, id) => ({
    kind: 'namespace',
    id: id + 1,
    revision,
    value: { name: `渠道 ${id}\n🚀`, secret: CANARY },
    ...(id === 1
      ? { refused: { reason: 'bad', since: '2026-01-01T00:00:00.000Z', serving: null } }
      : {}),
  })),
});

describe('DiskSnapshot', () => {
  it('gives back what it took, for its owner alone and not in clear', async () => {
    await disk.save(snapshotOf(7));
    const kept = await disk.load();
    expect(kept?.snapshot).toEqual(snapshotOf(7));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path).includes(CANARY)).toBe(false);
    expect(readdirSync(folder)).toEqual(['config.snapshot']);
  });

  it('stays whole when two processes of one id write it at the same time', async () => {
    const other = new DiskSnapshot(path, KEY);
    for (let round = 1; round <= 5; round += 1) {
      await Promise.all([disk.save(snapshotOf(1, 20_000)), other.save(snapshotOf(2, 20_000))]);
      expect((await disk.load())?.snapshot.entries).toHaveLength(20_000);
    }
    expect(readdirSync(folder)).toEqual(['config.snapshot']);
  });

  it('has none at first', async () => {
    expect(await disk.load()).toBeNull();
  });

  it('refuses a file in which any byte was flipped', async () => {
    await disk.save(snapshotOf(7));
    const bytes = readFileSync(path);
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 0x01;
      writeFileSync(path, flipped);
      await expect(disk.load(), `byte ${at}`).rejects.toThrow();
    }
  });

  it('refuses a file of any shorter length', async () => {
    await disk.save(snapshotOf(7));
    for (let size = statSync(path).size - 1; size >= 0; size -= 1) {
      truncateSync(path, size);
      await expect(disk.load(), `${size} bytes`).rejects.toThrow();
    }
  });

  it('refuses a file of another key, another version and another kind', async () => {
    await disk.save(snapshotOf(7));
    const foreign = new DiskSnapshot(path, { kid: 'fedcba9876543210', key: randomBytes(32) });
    await expect(foreign.load()).rejects.toThrow('another master key');
    const sameName = new DiskSnapshot(path, { ...KEY, key: randomBytes(32) });
    await expect(sameName.load()).rejects.toThrow('changed or cut off');
    const text = readFileSync(path, 'latin1');
    writeFileSync(path, text.replace('snapshot 1 ', 'snapshot 2 '), 'latin1');
    await expect(disk.load()).rejects.toThrow('another version');
    writeFileSync(path, 'a file of somebody else\n');
    await expect(disk.load()).rejects.toThrow('something else');
  });

  it('keeps the old one, and nothing else, when a new one cannot be written', async () => {
    await disk.save(snapshotOf(7));
    const before = readFileSync(path);
    const unwritable: ConfigSnapshot = {
      ...snapshotOf(8, 5_000),
      get entries(): never {
        throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      },
    };
    await expect(disk.save(unwritable)).rejects.toThrow('no space');
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(folder)).toEqual(['config.snapshot']);
  });

  it('removes what a crash left half-written, and only that', async () => {
    writeFileSync(`${path}.4711.tmp`, 'half');
    writeFileSync(join(folder, 'pinned-revision'), '7');
    await disk.clean();
    expect(readdirSync(folder)).toEqual(['pinned-revision']);
  });

  it('remembers when it was last confirmed, and believes no time to come', async () => {
    await disk.save(snapshotOf(7));
    await disk.confirm(1_700_000_000_000);
    expect((await disk.load())?.confirmedMs).toBe(1_700_000_000_000);
    await disk.confirm(Date.now() + 3_600_000);
    expect((await disk.load())?.confirmedMs).toBeLessThanOrEqual(Date.now());
  });
});
